// A key that stays on this machine. Hashes that people pass on are made with it: they then tell nothing about what was hashed,
// however few values that can have.
import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';

/** Another one after each boot on Linux. It is in no output of orch. */
export function machineKey(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    const addresses = Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ mac }) => mac));
    return [hostname(), ...new Set(addresses)].sort().join(' '); // no /proc on this system
  }
}
