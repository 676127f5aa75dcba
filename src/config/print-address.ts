// How the address of a held socket is written for people. Pure, no Node module.
import type { HeldAddress } from '../core/model.ts';

/** As in the file, paths absolute; equal exactly for equal addresses. */
export function printAddress(address: HeldAddress): string {
  if (address.kind === 'unix') return address.path;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
