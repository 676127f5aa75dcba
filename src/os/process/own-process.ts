// Whether a process is one of orch's own: a member of this project, a descendant of this supervisor, or one of orch's own
// programs (log writer, socket keeper, the command that started us). Without proof a process does not count as ours.
import { readlinkSync, realpathSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { readStat } from './proc-stat.ts';
import { readWords, variableOf } from './shown-by-proc.ts';

export type OwnProcessCriteria = {
  /** With which all nonces of the project begin. */
  noncePrefix: string;
  /** A file in the directory of orch's own programs. */
  entry: string;
};

const MAX_GENERATIONS = 1_000;

export function isOwnProcess(pid: number, { noncePrefix, entry }: OwnProcessCriteria): boolean {
  return isDescendant(pid) || hasNonce(pid, noncePrefix) || runsProgramIn(pid, dirname(realpathSync(entry)));
}

function isDescendant(pid: number): boolean {
  let at = pid;
  for (let generation = 0; at > 1 && generation < MAX_GENERATIONS; generation++) {
    if (at === process.pid) return true;
    at = readStat(at)?.ppid ?? 0;
  }
  return at === process.pid;
}

function hasNonce(pid: number, prefix: string): boolean {
  return variableOf(pid, 'ORCH_NONCE')?.startsWith(prefix) ?? false;
}

/** Node, with a program out of `directory`. */
function runsProgramIn(pid: number, directory: string): boolean {
  try {
    if (readlinkSync(`/proc/${pid}/exe`) !== realpathSync(process.execPath)) return false;
    const [, ...args] = readWords(`/proc/${pid}/cmdline`);
    const program = args.find((word) => !word.startsWith('-'));
    if (program === undefined) return false;
    return realpathSync(resolve(readlinkSync(`/proc/${pid}/cwd`), program)).startsWith(directory + sep);
  } catch {
    return false; // gone, or we may not inspect it
  }
}
