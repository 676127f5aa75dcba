// Resident memory of a process and its descendants: what is mapped by several of them counts several times. Linux only;
// elsewhere null. Those that left the tree (their parent ended) are not found.
import { hasProc } from '../host.ts';
import { childrenOf, readProc } from './children.ts';
import { pageBytes } from './page-bytes.ts';

/** No tree of an instance is larger; beyond that it is left at what was counted. */
const MAX_PROCESSES = 10_000;

/** @returns bytes; null where the process is gone, or this system does not tell. */
export function treeMemoryBytes(pid: number): number | null {
  if (!hasProc) return null;
  const pending = [pid];
  let bytes: number | null = null;
  for (let seen = 0; pending.length > 0 && seen < MAX_PROCESSES; seen++) {
    const next = pending.pop()!;
    const own = residentBytes(next);
    if (own === null) continue;
    bytes = (bytes ?? 0) + own;
    for (const child of childrenOf(next)) pending.push(child);
  }
  return bytes;
}

function residentBytes(pid: number): number | null {
  const [, resident] = readProc(`/proc/${pid}/statm`).split(' ');
  return resident === undefined ? null : Number(resident) * pageBytes();
}
