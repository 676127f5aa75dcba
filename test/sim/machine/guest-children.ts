// `node:child_process` of a simulated process: starts programs of the simulated world, and learns that they exited when the
// machine lets it.
import { EventEmitter } from 'node:events';
import type { Guest } from './guest.ts';
import type { Identity, Program, SimExit, SimProcess } from './processes.ts';

/** Until its successor has read its message, a supervisor that has a fault lives on. */
const READS_AFTER_MS = 5;

type SpawnOptions = { env: Record<string, string>; cwd: string };

export function fakeChildProcess(guest: Guest) {
  const refuse = (): never => {
    throw new Error('the simulated machine starts instances only');
  };
  return {
    spawn: (file: string, args: string[], options: SpawnOptions) =>
      file === '/bin/node' ? startSuccessor(guest, options) : start(guest, args, options),
    exec: refuse,
    execFile: refuse,
    execFileSync: refuse,
    spawnSync: refuse,
    fork: refuse,
  };
}

/** A supervisor that starts another one, as after a fault of its own. */
function startSuccessor(guest: Guest, { env }: SpawnOptions): EventEmitter {
  guest.effect('spawn a successor');
  const stdin = Object.assign(new EventEmitter(), {
    end: (text: string, onTaken: () => void) => {
      guest.later(READS_AFTER_MS, () => {
        guest.options.onSuccessor(text, env);
        onTaken();
      });
    },
  });
  return Object.assign(new EventEmitter(), { stdin });
}

function start(guest: Guest, args: string[], options: SpawnOptions): EventEmitter {
  const { machine } = guest;
  guest.effect(`spawn ${options.env.ORCH_INSTANCE_ID}`);
  const child = Object.assign(new EventEmitter(), {
    pid: undefined as number | undefined,
    unref: () => undefined,
    stdin: null,
    stdout: null,
    stderr: null,
  });
  const { spawns } = machine.faults;
  if (spawns.count > 0) {
    spawns.count--;
    guest.options.observer.onSpawnFailed(options.env.ORCH_INSTANCE_ID!, spawns.errno);
    const error = Object.assign(new Error(`spawn ${spawns.errno}`), { code: spawns.errno });
    guest.later(0, () => child.emit('error', error));
    return child;
  }
  const process = born(guest, JSON.parse(args[0]!) as Program, options);
  child.pid = process.pid;
  guest.options.observer.onSpawn(process);
  machine.processes.run(process);
  guest.children.add(process);
  process.onEnd = (exit) => hearOfEnd(guest, process, child, exit);
  return child;
}

function born(guest: Guest, program: Program, { env }: SpawnOptions): SimProcess {
  const environ = Object.entries(env)
    .map(([key, value]) => `${key}=${value}\0`)
    .join('');
  const nonce = env.ORCH_NONCE!;
  const of: Identity = {
    root: guest.options.root,
    instance: env.ORCH_INSTANCE_ID!,
    nonce,
    specHash: nonce.split('.')[1]!,
  };
  const birth = { environ, kind: 'ours', of, program, onEnd: null, ppid: guest.process.pid, joins: null } as const;
  return guest.machine.processes.fork(birth);
}

/**
 * A lost end stays a zombie: its pid is not reused until we die and init reaps it. Otherwise the signal comes with the
 * zombie: a supervisor that sees the zombie in /proc receives the exit within the same turn of the event loop.
 */
function hearOfEnd(guest: Guest, process: SimProcess, child: EventEmitter, exit: SimExit): void {
  const { faults, processes } = guest.machine;
  if (faults.exitsLost > 0) {
    faults.exitsLost--;
    return;
  }
  const isLate = faults.exitsLate.count > 0 && faults.exitsLate.count-- > 0;
  guest.later(isLate ? faults.exitsLate.byMs : 0, () => {
    processes.reap(process);
    process.reportedMs = guest.machine.schedule.nowMs;
    guest.children.delete(process);
    child.emit('exit', 'code' in exit ? exit.code : null, 'signal' in exit ? exit.signal : null);
  });
}
