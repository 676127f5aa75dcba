// The simulated machine: clock, processes, files, locks and sockets, and the faults that hit them. Every process of orch
// in it (a guest) runs the real code; whatever that asks of Node ends here.
import type { Incarnation } from '../../../src/core/slot.ts';
import type { SupervisorGuard } from '../../../src/logs/writer/supervisor-guard.ts';
import { Health } from '../health.ts';
import { Chance, Schedule } from '../schedule.ts';
import { Archive } from './archive.ts';
import { FileTree } from './files.ts';
import type { Guest, Methods } from './guest.ts';
import { Ports } from './ports.ts';
import { ProcessTable, type SimProcess } from './processes.ts';
import { Violation } from './violation.ts';

/** The records of keys with the scope of a user. */
const KEYS = '/home/.local/state/orch/singletons';

export type Faults = {
  spawns: { count: number; errno: string };
  exitsLost: number;
  exitsLate: { count: number; byMs: number };
  /** Writes of state files below this directory that fail with ENOSPC. */
  saves: { count: number; under: string };
  /** Changes of files without a watcher event. */
  watchEvents: number;
};

export type Socket = { guest: Guest; methods: Methods; onOwnerGone: () => void };

export class Machine {
  readonly schedule = new Schedule();
  readonly chance: Chance;
  readonly files = new FileTree();
  readonly archive = new Archive();
  readonly processes: ProcessTable;
  readonly health: Health;
  readonly ports: Ports;
  readonly faults: Faults = noFaults();
  /** Lock holders of files, by inode. */
  readonly locks = new Map<number, Guest>();
  /** Listeners by path. */
  readonly sockets = new Map<string, Socket>();
  /** The part of a project's log writer that starts supervisors, by root. */
  readonly writers = new Map<string, SupervisorGuard<Guest>>();
  readonly watchers = new Set<(path: string) => void>();
  /** Of every incarnation that was started under the one singleton key of the scenarios. */
  readonly singletonNonces = new Set<string>();
  /** Something in it starts or ends by itself. */
  neverRests = false;
  /** Until then whatever a supervisor does comes late. */
  busyUntilMs = 0;
  /** Wall clock minus machine time, in ms. */
  wallOffsetMs = 1_700_000_000_000;

  constructor(seed: number, pids = 400) {
    this.chance = new Chance(seed);
    this.processes = new ProcessTable(this.schedule, this.chance, pids);
    this.health = new Health(this);
    this.ports = new Ports(this);
  }

  /** The first property that did not hold. Remembered, because the code under test may catch what is thrown in it. */
  violation: Violation | null = null;

  fail(what: string): never {
    this.violation ??= new Violation(what);
    throw this.violation;
  }

  /** Receives the story of a failed run; null without a listener. */
  listener: ((line: string) => void) | null = null;

  note(what: () => string): void {
    this.listener?.(`${this.schedule.nowMs} ${what()}`);
  }

  /** Writes a file as a person or a tool does, and lets the watchers know unless they are deaf. */
  edit(path: string, change: () => void): void {
    change();
    if (this.faults.watchEvents > 0) {
      this.faults.watchEvents--;
      return;
    }
    for (const tell of this.watchers) tell(path);
  }

  /** Whether another one claims the key of this process, or has it. */
  isKeyTaken({ of }: SimProcess): boolean {
    if (!of || !this.singletonNonces.has(of.nonce) || !this.files.get(KEYS)) return false;
    const names = this.files.list(KEYS).filter((name) => /\.(claim|holder)$/.test(name));
    const owners = names.map((name) => JSON.parse(this.files.get(`${KEYS}/${name}`)!.text).process as Incarnation);
    return owners.some(({ pid, nonce }) => nonce !== of.nonce && (this.processes.get(pid)?.state ?? 'Z') !== 'Z');
  }

  endFaults(): void {
    Object.assign(this.faults, noFaults());
    this.ports.freeTaken();
    this.processes.calm = true;
    this.processes.recycle = 0;
    this.busyUntilMs = 0;
    this.processes.slowKillMs = 0;
    for (const process of this.processes.alive()) if (process.kind === 'ours') this.processes.resume(process);
  }
}

function noFaults(): Faults {
  return {
    spawns: { count: 0, errno: 'ENOENT' },
    exitsLost: 0,
    exitsLate: { count: 0, byMs: 0 },
    saves: { count: 0, under: '/' },
    watchEvents: 0,
  };
}
