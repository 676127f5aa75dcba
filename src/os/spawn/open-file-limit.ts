// How many open files a process that we start can have (setrlimit(2)): what `limits.nofile` may ask for, and the soft limit of
// the shell that called `orch up`. Linux only; elsewhere the shell that sets the limit reports the failure.
import { readFileSync } from 'node:fs';
import { platform } from '../platform.ts';

/** CAP_SYS_RESOURCE of capabilities(7): may raise the hard limit. */
const SYS_RESOURCE = 1n << 24n;

export type OpenFileLimits = { hard: number; mayRaise: boolean; ofSystem: number };

/** @returns a clause about why `nofile` is not possible; null where it is, or where the limits are unknown. */
export function whyNofileTooHigh(nofile: number, limits: OpenFileLimits | null = ownLimits()): string | null {
  if (limits === null || nofile <= limits.hard) return null;
  if (!limits.mayRaise) return `limits.nofile is ${nofile}, and the hard limit here is ${limits.hard}`;
  if (nofile <= limits.ofSystem) return null;
  return `limits.nofile is ${nofile}, and the limit of the system (fs.nr_open) is ${limits.ofSystem}`;
}

function ownLimits(): OpenFileLimits | null {
  if (platform !== 'linux') return null;
  try {
    return parseLimits(read('/proc/self/limits'), read('/proc/self/status'), read('/proc/sys/fs/nr_open'));
  } catch {
    return null; // no /proc, or no descriptor is left to read it
  }
}

/** @param limits of proc_pid_limits(5), `status` of proc_pid_status(5); null for texts without these lines. */
export function parseLimits(limits: string, status: string, nrOpen: string): OpenFileLimits | null {
  const hard = /^Max open files +\S+ +(\S+)/m.exec(limits)?.[1];
  const capabilities = /^CapEff:\s+([0-9a-f]+)$/m.exec(status)?.[1];
  if (hard === undefined || capabilities === undefined) return null;
  return {
    hard: hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard),
    mayRaise: (BigInt(`0x${capabilities}`) & SYS_RESOURCE) !== 0n,
    ofSystem: Number(nrOpen),
  };
}

const read = (path: string): string => readFileSync(path, 'latin1');

let ofPrograms: number | null = null;

/** @param text a number; anything else: programs get the limit of this process */
export function limitPrograms(text: string | undefined): void {
  const limit = Number(text);
  ofPrograms = platform === 'linux' && Number.isInteger(limit) && limit > 0 ? limit : null;
}

/** The soft limit of programs; null: that of this process. */
export const softLimitOfPrograms = (): number | null => ofPrograms;
