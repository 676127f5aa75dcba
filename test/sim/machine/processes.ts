// The process table of the simulated machine: pids that are soon recycled, groups, sessions, zombies, stopped processes.
// Knows nothing of slots or plans. The truth that the properties are checked against.
import type { Chance, Schedule } from '../schedule.ts';
import { Violation } from './violation.ts';

/** The children of a program, in addition to its main process: in its group, in a session of its own, or (cleared) in the main
 * process's session with an empty environment. */
export type Child = { kind: 'member' | 'session' | 'cleared'; obeysAfterMs: number | null };

/** How a program behaves. Times in ms; null: never. */
export type Program = {
  /** Ends by itself after this long, with this exit code. */
  endsAfterMs: number | null;
  exitCode: number;
  /** How long it takes to end after the stop signal; null: ignores it. */
  obeysAfterMs: number | null;
  child: Child | null;
  /** Forks once more, into its group, when it is asked to stop. */
  forksWhenStopped: boolean;
  /** Answers on its port so long after its start. */
  answersAfterMs: number | null;
  /** How long it takes to finish its work when it is drained. */
  drainsInMs: number | null;
};

export type SimExit = { code: number } | { signal: string };

export type SimProcess = {
  pid: number;
  ppid: number;
  pgid: number;
  session: number;
  /** Clock ticks since boot. */
  startTime: string;
  bornMs: number;
  /** When its parent learned of its end; null: not yet, or never. */
  reportedMs: number | null;
  state: 'S' | 'T' | 'Z';
  /** As /proc shows it, from when execve is through. */
  environ: string;
  shownMs: number;
  kind: 'supervisor' | 'ours' | 'stranger';
  /** Of an instance, whether its environment shows it or not. */
  of: Identity | null;
  isLeader: boolean;
  program: Program | null;
  /** Called when it ends, as a zombie; null: init reaps it at once. */
  onEnd: ((exit: SimExit) => void) | null;
  /** Arrived while it was stopped. */
  pending: string[];
};

export type Identity = { root: string; instance: string; nonce: string; specHash: string };

export type Birth = Pick<SimProcess, 'environ' | 'kind' | 'of' | 'program' | 'onEnd'> & {
  ppid: number;
  /** A new session; otherwise the group and session of this process. */
  joins: SimProcess | null;
};

const INIT = 1;
const FIRST_PID = 300;
const TICK_MS = 10;
const FATAL = new Set(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']);

export class ProcessTable {
  /** Programs behave well from now on: the end of the faults. */
  calm = false;
  /** The number of freed pids that a stranger gets at once (as soon as the clock shows another tick). */
  recycle = 0;
  /** SIGKILL takes this long to be obeyed (uninterruptible sleep). */
  slowKillMs = 0;
  onSignal: (target: SimProcess, signal: string) => void = () => undefined;
  onEnd: (process: SimProcess, exit: SimExit) => void = () => undefined;
  #schedule: Schedule;
  #chance: Chance;
  #table = new Map<number, SimProcess>();
  #lastStart = new Map<number, string>();
  #nextPid = 0;
  #pids: number;

  /** @param pids how many there are before they are used again */
  constructor(schedule: Schedule, chance: Chance, pids: number) {
    this.#schedule = schedule;
    this.#chance = chance;
    this.#pids = pids;
  }

  get(pid: number): SimProcess | undefined {
    return this.#table.get(pid);
  }

  /** Zombies included. */
  pids(): number[] {
    return [...this.#table.keys()];
  }

  /** As an array: this is asked after every event, and a generator costs more than what it finds. */
  alive(): SimProcess[] {
    const found: SimProcess[] = [];
    for (const process of this.#table.values()) if (process.state !== 'Z') found.push(process);
    return found;
  }

  fork(birth: Birth, pid: number = this.#newPid()): SimProcess {
    const { joins, ...rest } = birth;
    const process: SimProcess = {
      ...rest,
      pid,
      pgid: joins?.pgid ?? pid,
      session: joins?.session ?? pid,
      startTime: this.#tick(),
      bornMs: this.#schedule.nowMs,
      reportedMs: null,
      shownMs: this.#schedule.nowMs + this.#chance.between(0, 2),
      state: 'S',
      isLeader: birth.kind === 'ours' && joins === null && birth.ppid !== INIT,
      pending: [],
    };
    this.#table.set(pid, process);
    this.#lastStart.set(pid, process.startTime);
    return process;
  }

  /** Starts the program of a process: its children, and its own end. */
  run(process: SimProcess): void {
    const { program } = process;
    if (program?.child?.kind === 'cleared') {
      const { child } = program;
      this.#schedule.after(2 * TICK_MS, () => process.state === 'Z' || this.#addChild(process, child));
    } else if (program?.child) this.#addChild(process, program.child);
    const endsAfterMs = program?.endsAfterMs ?? null;
    if (program === null || endsAfterMs === null) return;
    this.#schedule.after(endsAfterMs, () => {
      if (!this.calm || program.exitCode === 0) this.end(process, { code: program.exitCode });
    });
  }

  #addChild(parent: SimProcess, { kind, obeysAfterMs }: Child): void {
    const program = { ...QUIET, obeysAfterMs };
    const environ = kind === 'cleared' ? '' : parent.environ;
    const joins = kind === 'session' ? null : parent;
    this.fork({ environ, kind: 'ours', of: parent.of, program, onEnd: null, ppid: INIT, joins });
  }

  /** @param to a pid, or a group as its negative. @returns whether a process was there, zombies included. */
  kill(to: number, signal: string | number): boolean {
    const targets = to > 0 ? [this.#table.get(to)] : [...this.#table.values()].filter(({ pgid }) => pgid === -to);
    const there = targets.filter((target) => target !== undefined);
    if (signal !== 0) for (const target of there) this.#deliver(target, String(signal));
    return there.length > 0;
  }

  #deliver(target: SimProcess, signal: string): void {
    if (target.state === 'Z') return;
    this.onSignal(target, signal);
    if (signal === 'SIGKILL') {
      this.#schedule.after(this.slowKillMs + this.#chance.between(0, 5), () => this.end(target, { signal }));
    } else if (signal === 'SIGCONT') this.resume(target);
    else if (signal === 'SIGSTOP') this.stop(target);
    else if (target.state === 'T') target.pending.push(signal);
    else if (FATAL.has(signal)) this.#obey(target, signal);
    else throw new Violation(`a signal that no process of the simulation knows: ${signal}`);
  }

  stop(process: SimProcess): void {
    if (process.state === 'S') process.state = 'T';
  }

  resume(process: SimProcess): void {
    if (process.state !== 'T') return;
    process.state = 'S';
    for (const signal of process.pending.splice(0)) this.#obey(process, signal);
  }

  #obey(process: SimProcess, signal: string): void {
    const { program } = process;
    if (program?.forksWhenStopped && !this.calm) {
      const { environ, of } = process;
      this.fork({ environ, kind: 'ours', of, program: QUIET, onEnd: null, ppid: INIT, joins: process });
    }
    const delayMs = program ? program.obeysAfterMs : 0;
    if (delayMs !== null) this.#schedule.after(delayMs, () => this.end(process, { signal }));
  }

  end(process: SimProcess, exit: SimExit): void {
    if (process.state === 'Z' || this.#table.get(process.pid) !== process) return;
    process.state = 'Z';
    for (const child of this.#table.values()) if (child.ppid === process.pid) child.ppid = INIT;
    this.#endUnprovable(process);
    this.onEnd(process, exit);
    if (process.onEnd === null) this.reap(process);
    else process.onEnd(exit);
  }

  /**
   * A known limit: what cleared its environment within the same tick of the clock in which the main process ended cannot be
   * told from a stranger in a recycled session. It is left alone, so it is not simulated.
   */
  #endUnprovable(leader: SimProcess): void {
    if (!leader.isLeader) return;
    for (const other of this.#table.values()) {
      if (other.session === leader.pid && other.environ === '' && other.startTime === this.#tick())
        this.end(other, { code: 0 });
    }
  }

  /** From now on its pid may be reused. */
  reap(process: SimProcess): void {
    if (this.#table.get(process.pid) !== process) return;
    this.#table.delete(process.pid);
    if (process.kind !== 'ours' || this.recycle === 0) return;
    this.recycle--;
    this.#schedule.after(TICK_MS, () => this.#giveToStranger(process.pid));
  }

  #giveToStranger(pid: number): void {
    if (this.#isUsed(pid)) return;
    const stranger = this.fork({ ...STRANGER, joins: null }, pid);
    this.#schedule.after(STRANGER_LIVES_MS, () => this.end(stranger, { code: 0 }));
  }

  #tick(): string {
    return String(Math.floor(this.#schedule.nowMs / TICK_MS));
  }

  /**
   * The next free number, as Linux counts: none that is in use as a pid, a group or a session. Nor one that began a
   * process within this very tick: to come around that fast takes a hand that writes ns_last_pid.
   */
  #newPid(): number {
    for (let tries = 0; tries <= this.#pids; tries++) {
      const pid = FIRST_PID + (this.#nextPid++ % this.#pids);
      if (this.#lastStart.get(pid) !== this.#tick() && !this.#isUsed(pid)) return pid;
    }
    throw new Error('the simulated machine has no pid left: give it more');
  }

  #isUsed(number: number): boolean {
    for (const { pid, pgid, session } of this.#table.values())
      if (pid === number || pgid === number || session === number) return true;
    return false;
  }
}

const STRANGER_LIVES_MS = 20_000;
export const STRANGER: Omit<Birth, 'joins'> = {
  environ: 'PATH=/bin\0',
  kind: 'stranger',
  of: null,
  program: null,
  onEnd: null,
  ppid: INIT,
};

const QUIET: Program = {
  endsAfterMs: null,
  exitCode: 0,
  obeysAfterMs: 0,
  child: null,
  forksWhenStopped: false,
  answersAfterMs: 0,
  drainsInMs: 0,
};
