// /proc of the simulated machine, as text.
import { errno } from './files.ts';
import type { Guest } from './guest.ts';
import type { SimProcess } from './processes.ts';

const PREFIX = '/proc/';

/** @returns null for a path elsewhere. Throws ENOENT for a process that is not there. */
export function readProc({ machine, process: self }: Guest, path: string): string | null {
  if (!path.startsWith(PREFIX)) return null;
  if (path === '/proc/sys/kernel/random/boot_id') return 'simulated-boot\n';
  if (path === '/proc/uptime') return `${(Math.floor(machine.schedule.nowMs / 10) / 100).toFixed(2)} 0.00\n`;
  const nameEnd = path.indexOf('/', PREFIX.length);
  const name = path.slice(PREFIX.length, nameEnd);
  const file = path.slice(nameEnd + 1);
  const process = name === 'self' ? self : machine.processes.get(Number(name));
  if (!process) throw errno('ENOENT', path);
  if (file === 'environ') return isShown(process, machine.schedule.nowMs) ? process.environ : '';
  if (file === 'statm') return `999999 ${machine.health.isBloated(process) ? BLOATED_PAGES : 1} 1 1 0 1 0\n`;
  if (file !== 'stat') throw errno('ENOENT', path);
  const { pid, ppid, pgid, session, state, startTime } = process;
  return `${pid} (program) ${state} ${ppid} ${pgid} ${session} 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 ${startTime} 0 1\n`;
}

/** 4 GiB. */
const BLOATED_PAGES = 2 ** 20;

/** A zombie has none any more; in the middle of execve there is none yet. */
function isShown({ state, shownMs }: SimProcess, nowMs: number): boolean {
  return state !== 'Z' && nowMs >= shownMs;
}
