// The nonce that every process of an instance inherits as ORCH_NONCE: `<project>.<spec hash>.<random>`. It names the
// project of a process and the spec it was started with, so that not even a lost state file orphans it.
import { randomBytes } from 'node:crypto';

export class Nonces {
  readonly prefix: string;
  /** Also of what an earlier supervisor started that knew the project by another path. */
  readonly prefixes: readonly string[];

  /** @param prefixes of the project, its own first; see `projectMarks` */
  constructor(prefixes: readonly string[]) {
    this.prefix = prefixes[0]!;
    this.prefixes = prefixes;
  }

  forInstance(specHash: string): string {
    return `${this.prefix}${specHash}.${randomBytes(9).toString('base64url')}`;
  }

  /** For a command that runs around the life of an instance. */
  forHook(): string {
    return this.forInstance('hook');
  }

  /** For a command that probes an instance, or drains or stops it. */
  forProbe(): string {
    return this.forInstance('probe');
  }
}

/** @returns the spec hash; null where the text is not one of our nonces. */
export function specHashOf(nonce: string): string | null {
  return /^[0-9a-f]{12}\.([0-9a-f]+)\.[\w-]+$/.exec(nonce)?.[1] ?? null;
}
