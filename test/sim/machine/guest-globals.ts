// The globals of a simulated process: its `process`, its clocks and its timers.
import type { Guest } from './guest.ts';
import { fakeModules } from './guest-modules.ts';
import { Dead } from './violation.ts';

/** In the order of GUEST_PARAMETERS, from `process` on. */
export function fakeGlobals(guest: Guest): unknown[] {
  const { schedule } = guest.machine;
  const performance = { now: () => schedule.nowMs };
  return [fakeProcess(guest), performance, fakeDate(guest), ...fakeTimers(guest)];
}

function fakeProcess(guest: Guest) {
  const { machine, options } = guest;
  return {
    pid: guest.process.pid,
    arch: 'x64',
    platform: 'linux',
    argv: ['node', 'supervisor.cjs', ...options.argv],
    execPath: '/bin/node',
    execArgv: [],
    env: options.variables,
    exitCode: 0,
    getuid: () => 0,
    cwd: () => options.root,
    on: (event: string, run: (given?: unknown) => void) => guest.signals.set(event, run),
    once: (event: string, run: (given?: unknown) => void) => guest.signals.set(event, run),
    hrtime: { bigint: () => BigInt(Math.round(machine.schedule.nowMs * 1e6)) },
    cpuUsage: () => ({ user: 0, system: 0 }),
    // The one page that /proc shows.
    memoryUsage: { rss: () => 4_096 },
    nextTick: (run: () => void) => guest.later(0, run),
    stderr: {
      write: (text: string) => {
        guest.lastWords = text;
        return true;
      },
    },
    stdin: (async function* () {
      yield await guest.pooled(() => Buffer.from(options.stdin));
    })(),
    getBuiltinModule: fakeModules(guest),
    kill: (to: number, signal: string | number = 'SIGTERM') => {
      if (signal !== 0) guest.effect(`kill ${to} ${signal}`);
      else if (!guest.isAlive) throw new Dead();
      if (!machine.processes.kill(to, signal)) throw Object.assign(new Error('kill ESRCH'), { code: 'ESRCH' });
      return true;
    },
    exit: (code?: number) => {
      guest.end({ code: code ?? guest.exitCode });
      throw new Dead();
    },
  };
}

function fakeDate({ machine }: Guest) {
  const now = (): number => Math.floor(machine.schedule.nowMs + machine.wallOffsetMs);
  return class extends Date {
    constructor(...values: [] | [number | string]) {
      super(values.length === 0 ? now() : values[0]);
    }
    static override now = now;
  };
}

type Handle = { cancel: () => void; unref(): Handle; ref(): Handle; hasRef(): boolean; refresh(): Handle };

function fakeTimers(guest: Guest): unknown[] {
  const start = (delayMs: number, run: () => void, everyMs: number | null): Handle => {
    let cancel = (): void => undefined;
    const arm = (afterMs: number): void => {
      cancel = guest.later(afterMs, () => {
        if (everyMs !== null) arm(everyMs);
        run();
      });
    };
    arm(delayMs);
    const handle: Handle = {
      cancel: () => cancel(),
      unref: () => handle,
      ref: () => handle,
      hasRef: () => true,
      refresh: () => {
        cancel();
        arm(delayMs);
        return handle;
      },
    };
    return handle;
  };
  // Node rounds up to a whole millisecond, and takes what does not fit into 31 bits for 1.
  const delayOf = (ms = 1): number => (ms < 1 || ms > 2 ** 31 - 1 ? 1 : Math.ceil(ms));
  const clear = (handle: Handle | null | undefined): void => handle?.cancel();
  return [
    (run: (...given: unknown[]) => void, ms?: number, ...given: unknown[]) =>
      start(delayOf(ms), () => run(...given), null),
    clear,
    (run: () => void, ms?: number) => start(delayOf(ms), run, delayOf(ms)),
    clear,
    (run: (...given: unknown[]) => void, ...given: unknown[]) => start(0, () => run(...given), null),
    clear,
  ];
}
