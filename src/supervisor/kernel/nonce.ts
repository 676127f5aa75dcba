// The nonce that every process of an instance inherits as ORCH_NONCE: `<project>.<spec hash>.<random>`. It says by itself
// whose the process is and which spec it was started with, so that even a lost state file does not orphan it.
import { randomBytes } from 'node:crypto';

export function newNonce(prefix: string, specHash: string): string {
  return `${prefix}${specHash}.${randomBytes(9).toString('base64url')}`;
}

/** @returns the spec hash, or null where the text is no nonce of ours. */
export function specHashOf(nonce: string): string | null {
  return /^[0-9a-f]{12}\.([0-9a-f]+)\.[\w-]+$/.exec(nonce)?.[1] ?? null;
}
