// How the address of a held socket is written for people. Pure, no Node module.
import type { ListenAddress } from './spec.ts';

/** As in the file, paths absolute; equal exactly for equal addresses. */
export function printAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return address.path;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
