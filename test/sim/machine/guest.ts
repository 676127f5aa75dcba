// One simulated process of orch: evaluates the real code of the supervisor with a Node of its own, whose clock, files and
// processes are the machine's. It may die before any effect, freeze, or be told to leave.
import type { SuccessorStart } from '../../../src/logs/writer-protocol.ts';
import type { MethodTable as SupervisorMethods } from '../../../src/supervisor/api/api-server.ts';
import type { Bridge, Observer } from '../doubles/bridge.ts';
import { FIRST_SHELL, type Shell } from '../shell.ts';
import { fakeGlobals } from './guest-globals.ts';
import { fakeModules } from './guest-modules.ts';
import type { Machine } from './machine.ts';
import type { SimProcess } from './processes.ts';
import { Dead, InjectedFault, Violation } from './violation.ts';

export type Methods = SupervisorMethods;
/** The compiled code: called once for each process, so that each has its own module state. */
export type GuestCode = (...parameters: unknown[]) => void;
export const GUEST_PARAMETERS = [
  'require',
  'module',
  'exports',
  'process',
  'performance',
  'Date',
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'bridge',
];

export type GuestOptions = {
  code: GuestCode;
  argv: string[];
  /** What it reads on stdin. */
  stdin: string;
  root: string;
  observer: Observer;
  /** Its environment. */
  variables: Record<string, string>;
  /** It starts a supervisor of the same project, with this on its stdin and this environment (undefined: its own). */
  onSuccessor: (stdin: string, variables: Record<string, string> | undefined) => void;
  /** The log writer of the project starts a supervisor because the one before was killed. */
  onRevival: (start: SuccessorStart, onEnd: (code: number | null) => void) => void;
};

/** How long a busy machine may leave a process without a turn. */
const STALL_MS = 80;
const STALL_PROBABILITY = 0.2;

type Ending = { code: number } | { signal: string };

export class Guest {
  readonly machine: Machine;
  readonly options: GuestOptions;
  readonly process: SimProcess;
  /** How many effects it has had so far. */
  effects = 0;
  /** Of the last ones, for messages. */
  readonly trace: string[] = [];
  /** It dies instead of having the effect of this number; null: it lives on. */
  crashAt: number | null = null;
  /** Whose environment has to be in force: of the last `up` that was answered. Each that is not may have been applied. */
  shell = FIRST_SHELL;
  #unanswered: { order: number; shell: Shell }[] = [];
  /** Counts the `up` commands: the last one, and the latest that is answered. */
  readonly #ups = { last: 0, answered: 0 };
  /** Since when; null: it has not supervised so far. */
  shellSinceMs: number | null = null;
  /** Another environment is in force, and the user has not consented to the change. */
  mustRefuse = false;
  /** What it said on descriptor 3. */
  answer: string | null = null;
  /** A person typed `orch up` where no supervisor ran. */
  isStartedByUp = false;
  /** Another one is about to take its place. */
  isLeaving = false;
  /** It takes no request and answers none any more. */
  isDeaf = false;
  /** And on stderr. */
  lastWords = '';
  /** An exception that the scenario asked for was not caught. */
  hadFault = false;
  ended: Ending | null = null;
  exitCode = 0;
  onEnd: () => void = () => undefined;
  /** Its connection to the log writer ends. */
  onClose: () => void = () => undefined;
  readonly signals = new Map<string, (given?: unknown) => void>();
  readonly files = new Map<number, { path: string; text: string }>();
  /** What became due while it was frozen; null: it is not. */
  #held: (() => void)[] | null = null;
  #frozenSinceMs: number | null = null;

  constructor(machine: Machine, options: GuestOptions) {
    this.machine = machine;
    this.options = options;
    this.process = machine.processes.fork({
      environ: 'PATH=/bin\0',
      kind: 'supervisor',
      of: null,
      program: null,
      onEnd: null,
      ppid: 1,
      joins: null,
    });
  }

  beginUp(shell: Shell): { others: () => Shell[]; settle: (isApplied: boolean) => void } {
    const order = ++this.#ups.last;
    this.#unanswered.push({ order, shell });
    return {
      others: () => this.#unanswered.filter((up) => up.order !== order).map((up) => up.shell),
      // They are applied in order; of two at the same time, the later one may be answered first.
      settle: (isApplied) => {
        const isNewest = isApplied && order > this.#ups.answered;
        this.#unanswered = this.#unanswered.filter((up) => (isNewest ? up.order > order : up.order !== order));
        if (!isNewest) return;
        this.#ups.answered = order;
        this.setShell(shell);
      },
    };
  }

  get nextShells(): readonly Shell[] {
    return this.#unanswered.map(({ shell }) => shell);
  }

  /** Of `up` commands that its predecessor has not answered. */
  inheritShells(shells: readonly Shell[]): void {
    this.#unanswered = shells.map((shell) => ({ order: 0, shell }));
  }

  setShell(shell: Shell): void {
    this.shell = shell;
    this.shellSinceMs = this.machine.schedule.nowMs;
  }

  get isAlive(): boolean {
    return this.ended === null;
  }

  /** Evaluates the code: its `main` runs. */
  boot(): void {
    const bridge: Bridge = { machine: this.machine, guest: this, observer: this.options.observer };
    const module = { exports: {} };
    const globals = fakeGlobals(this);
    const parameters = [fakeModules(this), module, module.exports, ...globals, bridge];
    this.enter(() => this.options.code(...parameters));
  }

  /** Runs a piece of the guest's code. What it throws there it would have died of. */
  enter(run: () => void): void {
    if (!this.isAlive) return;
    try {
      run();
    } catch (error) {
      if (error instanceof Dead) return;
      if (error instanceof Violation) throw error;
      if (!(error instanceof InjectedFault))
        throw new Violation(`the supervisor threw: ${error instanceof Error ? error.stack : String(error)}`);
      this.#uncaught(error);
    }
  }

  /** As Node: the process dies of it unless it has a listener. */
  #uncaught(error: unknown): void {
    this.hadFault = true;
    const listener = this.signals.get('uncaughtException');
    if (listener) this.enter(() => listener(error));
    else this.end({ signal: 'SIGABRT' });
  }

  /** As setTimeout; a frozen process runs it when it thaws. @returns the function that takes it back. */
  later(delayMs: number, run: () => void): () => void {
    let cancelled = false;
    const due = (): void => {
      if (cancelled || !this.isAlive) return;
      this.#maybeStall();
      if (this.#held) this.#held.push(due);
      else this.enter(run);
    };
    const cancel = this.machine.schedule.after(delayMs, due);
    return () => {
      cancelled = true;
      cancel();
    };
  }

  /** Announces an effect on the machine. Throws where the process does not live to have it. */
  effect(name: string): void {
    if (!this.isAlive) throw new Dead();
    this.effects++;
    this.trace.push(name);
    this.machine.note(() => `pid ${this.process.pid} effect ${this.effects}: ${name}`);
    if (this.trace.length > 40) this.trace.shift();
    if (this.crashAt === null || this.effects < this.crashAt) return;
    this.end({ signal: 'SIGKILL' });
    throw new Dead();
  }

  /** An operation of the thread pool: takes a moment, and may find that the process has died. */
  async pooled<T>(run: () => T): Promise<T> {
    if (!this.isAlive) return await never();
    return await new Promise<T>((resolve, reject) => {
      this.later(this.machine.chance.between(0, 1), () => {
        try {
          resolve(run());
        } catch (error) {
          if (error instanceof Dead || error instanceof Violation) throw error;
          reject(error);
        }
      });
    });
  }

  #maybeStall(): void {
    const { schedule, busyUntilMs, chance } = this.machine;
    if (this.#held || schedule.nowMs >= busyUntilMs || !chance.hit(STALL_PROBABILITY)) return;
    this.freeze(chance.between(1, STALL_MS));
  }

  /** How often it was stopped so far. */
  freezes = 0;

  /** SIGSTOP, and SIGCONT after a while. */
  freeze(forMs: number): void {
    this.freezes++;
    this.#held ??= [];
    this.#frozenSinceMs ??= this.machine.schedule.nowMs;
    this.machine.schedule.after(forMs, () => this.thaw());
  }

  thaw(): void {
    const due = this.#held ?? [];
    this.#held = null;
    this.#frozenSinceMs = null;
    for (const run of due) this.machine.schedule.after(0, run);
  }

  /** The last moment at which it could do anything. */
  get lastAwakeMs(): number {
    return this.#frozenSinceMs ?? this.machine.schedule.nowMs;
  }

  get isFrozen(): boolean {
    return this.#held !== null;
  }

  /** By itself or by a signal; idempotent. The kernel frees its locks and sockets, init inherits its children. */
  end(ending: Ending): void {
    if (!this.isAlive) return;
    this.ended = ending;
    const { locks, sockets, processes } = this.machine;
    for (const [ino, holder] of locks) if (holder === this) locks.delete(ino);
    for (const [path, socket] of sockets) if (socket.guest === this) sockets.delete(path);
    processes.end(this.process, ending);
    for (const pid of processes.pids()) this.#orphan(processes.get(pid)!);
    this.onClose();
    this.onEnd();
  }

  #orphan(child: SimProcess): void {
    if (!this.children.delete(child)) return;
    child.ppid = 1;
    child.onEnd = null;
    if (child.state === 'Z') this.machine.processes.reap(child);
  }

  /** Direct children that it has not reaped. */
  readonly children = new Set<SimProcess>();
}

function never<T>(): Promise<T> {
  return new Promise(() => undefined);
}
