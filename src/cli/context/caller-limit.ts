// The soft limit of open files of the shell that called this command. Read only by commands that start a supervisor or apply a
// configuration.
import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** Of most systems: select(2) cannot handle a descriptor above it. */
const USUAL_SOFT_LIMIT = 1024;
/** Of parents between a command and its shell, such as `npm run`. */
const MAX_PARENTS = 16;
/** Node raises its own soft limit to the hard one, and so does systemd. */
const RAISES_ITS_LIMIT = /^(node|bun|deno|systemd)/;

/**
 * Node raised the soft limit of this process, so that of the nearest parent that keeps its own counts.
 * @returns null where the system shows no limits; 1024 where no parent tells.
 */
export function callerSoftLimit(parent: number = process.ppid): number | null {
  let pid = parent;
  for (let count = 0; pid > 1 && count < MAX_PARENTS; count++) {
    const stat = readProc(`${pid}/stat`);
    if (stat === '') break;
    if (!RAISES_ITS_LIMIT.test(programName(pid, stat))) return softLimitOf(pid);
    // proc(5): the name may hold any character; state and parent follow the last `)`.
    pid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  }
  return readProc('self/stat') === '' ? null : USUAL_SOFT_LIMIT;
}

/** A program may call itself as it likes (`npm run up`); the file of another user's process cannot be read. */
function programName(pid: number, stat: string): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
  }
}

function softLimitOf(pid: number): number {
  const soft = /^Max open files +(\d+)/m.exec(readProc(`${pid}/limits`))?.[1];
  return soft === undefined ? USUAL_SOFT_LIMIT : Number(soft);
}

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch {
    return ''; // no /proc, or the process is gone
  }
}
