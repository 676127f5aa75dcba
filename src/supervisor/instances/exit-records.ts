// How a program ended while no supervisor ran (`exit_record: true`): a shell stays as its parent, records the exit and exits
// the same way. If the shell was killed too, no record exists and the exit is unknown.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Exit } from '../../core/slot.ts';
import type { InstanceLaunch } from '../../launch/environment.ts';
import { platform, signalName } from '../../os/platform.ts';
import type { MemoryGuard } from './memory-guard.ts';

/**
 * The signals of a stop may reach the whole group: the shell survives them to see the program exit; the program gets them with
 * their default actions. A program ended by a signal has the code 128 + its number, and so may one that chose that code:
 * only for the first does the shell print a word on its stderr, which is the record.
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
/** For these the shell prints nothing. */
const SILENT = new Set([constants.signals.SIGINT, constants.signals.SIGPIPE]);
const MAX_CODE = 255;

export class ExitRecords {
  #directory: string;
  #memory: Pick<MemoryGuard, 'explainKill'> | null;

  /** @param memory explains a SIGKILL, or an exit that was not seen */
  constructor(runDir: string, memory: Pick<MemoryGuard, 'explainKill'> | null = null) {
    this.#memory = memory;
    this.#directory = join(runDir, 'exits');
  }

  /** @returns the launch whose exit is recorded; the same on Windows. */
  withRecorder(launch: InstanceLaunch, nonce: string): InstanceLaunch {
    if (platform === 'win32') return launch;
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const args = ['-c', RECORDER, 'orch', this.#pathOf(nonce), launch.file, ...launch.args];
    return { ...launch, file: '/bin/sh', args };
  }

  /**
   * @param seen by us, the parent
   * @returns how a process ended; null where that is not known. Reads a record once.
   */
  take(nonce: string, seen: Exit | null = null): Exit | null {
    const exit = this.#read(nonce) ?? seen;
    const mayBeKill = exit === null || ('signal' in exit && exit.signal === 'SIGKILL');
    return (mayBeKill ? this.#memory?.explainKill(nonce) : null) ?? exit;
  }

  /** Whether the shell that records the exit runs: it makes the file before it starts the program. */
  isAwaited(nonce: string): boolean {
    return existsSync(this.#pathOf(nonce));
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

  /** No process is left whose exit could be asked for. */
  clear(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #pathOf(nonce: string): string {
    return join(this.#directory, nonce);
  }
}

/** @param text what the shell printed, then a line `=CODE`. @returns null where that line is not complete. */
export function parseRecord(text: string): Exit | null {
  const match = /^([\s\S]*)=(\d+)\n$/.exec(text);
  if (!match) return null;
  const code = Number(match[2]);
  const signal = signalOfCode(code, match[1] !== '');
  if (signal !== null) return { signal };
  return code <= MAX_CODE ? { code } : null;
}

/** @param spoke whether the shell printed a word. ksh need not: it adds 256, where the others add 128. */
function signalOfCode(code: number, spoke: boolean): string | null {
  const number = code > MAX_CODE ? code - 256 : code - 128;
  return code > MAX_CODE || spoke || SILENT.has(number) ? signalName(number) : null;
}
