// How a program ended although no supervisor looked (`exit_record: true`): a shell stays beside it as its parent, writes
// down what it saw and ends the same way. Where nothing was written (the shell was killed too) nothing is known.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Exit, Incarnation, InstanceId } from '../../core/model.ts';
import { planResync } from '../../core/resync.ts';
import { platform, signalName } from '../../os/platform.ts';
import { isAlive } from '../../os/process/identity.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { InstanceLaunch } from './environment.ts';

/**
 * The signals of a stop reach the whole group: the shell lives through them to see the end of the program, in which they
 * act as ever. A program that ended by a signal has 128 + its number as its code, and so may one that chose that code:
 * but only of the first the shell says a word on its stderr, which is the record.
 */
const RECORDER = `
record=$1; shift
true 2>/dev/null >"$record" || exec "$@"
trap : HUP INT QUIT PIPE ALRM TERM USR1 USR2
exec 3>&2 2>"$record"
(exec "$@" 2>&3 3>&-)
code=$?
echo "=$code" >&2
exit $code
`;
/** Of these the shell says nothing. */
const SILENT = new Set([constants.signals.SIGINT, constants.signals.SIGPIPE]);
const MAX_CODE = 255;

export class ExitRecords {
  #directory: string;
  #explainKill: (nonce: string) => Exit | null;

  /** @param verdictOn what is known of a SIGKILL, or of an end that nobody saw, by other means */
  constructor(runDir: string, verdictOn: (nonce: string) => Exit | null = () => null) {
    this.#explainKill = verdictOn;
    this.#directory = join(runDir, 'exits');
  }

  /** @returns the launch whose end is written down; the same on Windows. */
  withRecorder(launch: InstanceLaunch, nonce: string): InstanceLaunch {
    if (platform === 'win32') return launch;
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const args = ['-c', RECORDER, 'orch', this.#pathOf(nonce), launch.file, ...launch.args];
    return { ...launch, file: '/bin/sh', args };
  }

  /**
   * How a process ended, once: what was written down, or was seen; null where nothing is known.
   * @param seen by its parent, us
   */
  take(nonce: string, seen: Exit | null = null): Exit | null {
    const exit = this.#read(nonce) ?? seen;
    const mayBeKill = exit === null || ('signal' in exit && exit.signal === 'SIGKILL');
    return (mayBeKill ? this.#explainKill(nonce) : null) ?? exit;
  }

  #read(nonce: string): Exit | null {
    const path = this.#pathOf(nonce);
    try {
      const text = readFileSync(path, 'utf8');
      rmSync(path, { force: true });
      return parseRecord(text);
    } catch {
      return null; // no record was asked for, or it is gone
    }
  }

  /** Nobody is left to ask. */
  clear(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #pathOf(nonce: string): string {
    return join(this.#directory, nonce);
  }
}

/** @param text what the shell had to say, then a line `=CODE`; null where that line is not whole. */
export function parseRecord(text: string): Exit | null {
  const match = /^([\s\S]*)=(\d+)\n$/.exec(text);
  if (!match) return null;
  const code = Number(match[2]);
  const signal = signalOfCode(code, match[1] !== '');
  if (signal !== null) return { signal };
  return code <= MAX_CODE ? { code } : null;
}

/** @param spoke whether the shell had a word to say. ksh needs none: it adds 256, where the others add 128. */
function signalOfCode(code: number, spoke: boolean): string | null {
  const number = code > MAX_CODE ? code - 256 : code - 128;
  return code > MAX_CODE || spoke || SILENT.has(number) ? signalName(number) : null;
}

// Ends of which no event came: now and then those who should live are looked at, and whoever does not is told to the kernel.

/** @returns in how many milliseconds to look again. */
export function pollForLostExits(kernel: Kernel, records: ExitRecords, nowMs: number): number {
  const { suspects, nextMs } = planResync(kernel.slots, nowMs);
  for (const { id, process } of suspects) if (hasVanished(process)) reportLostExit(kernel, records, id, process);
  return nextMs;
}

/** An exit event of our own child may just be on its way and knows more: it is folded first. */
function reportLostExit(kernel: Kernel, records: ExitRecords, id: InstanceId, process: Incarnation): void {
  setImmediate(() => {
    const exit = records.take(process.nonce) ?? { unknown: true as const };
    kernel.receive(id, process.nonce, { kind: 'exited', exit });
  });
}

function hasVanished(process: Incarnation): boolean {
  try {
    return !isAlive(process);
  } catch {
    return false; // it could not be looked at: nobody is taken for dead for want of a descriptor
  }
}
