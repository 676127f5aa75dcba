// Watches the scheduled services of one project: every run has a due time, no time has two runs, and every due run starts.
// Keeps its own account by the wall clock; part of the oracle: throws by `fail`.
import type { Slot } from '../../src/core/slot.ts';
import type { ServiceSpec } from '../../src/core/spec.ts';
import type { Kernel } from '../../src/supervisor/kernel/kernel.ts';
import type { Machine } from './machine/machine.ts';
import type { SimExit, SimProcess } from './machine/processes.ts';

export type ScheduleWorld = {
  machine: Machine;
  everyMsOf(instance: string): number | null;
  /** Since when a supervisor has been in charge, in machine time; null: none is. */
  inChargeSinceMs(): number | null;
  fail(what: string): never;
};

type Run = { bornMs: number; endedMs: number | null; failed: boolean };
type Account = { runs: Run[]; lastDueMs: number | null; failedStart: boolean };

export class ScheduleOracle {
  #world: ScheduleWorld;
  #accounts = new Map<string, Account>();
  #unsureUntilMs = 0;
  #inChargeSinceMs = 0;
  #clockSetMs = 0;
  #lastChargeEndMs = 0;

  constructor(world: ScheduleWorld) {
    this.#world = world;
  }

  /** Changed clocks, commands or a delayed supervisor: for this long runs may come at other times. */
  forgive(forMs: number): void {
    this.#unsureUntilMs = Math.max(this.#unsureUntilMs, this.#nowMs + forMs);
  }

  /** What is due by the new time may have to wait for a dependency, however long. */
  onClockSet(seenAfterMs: number): void {
    this.#clockSetMs = this.#nowMs;
    this.forgive(seenAfterMs);
  }

  /** By a command, to run now. */
  onAskedFor(service: string): void {
    this.#askedMs.set(service, this.#nowMs);
  }

  /** Service -> when a command asked for a run last. */
  readonly #askedMs = new Map<string, number>();

  onChargeEnd(): void {
    this.#lastChargeEndMs = this.#nowMs;
  }

  /** A supervisor has taken over: what its predecessors missed is made up for soon, where that is asked for. */
  onChargeBegin(kernel: Kernel, isStillInCharge: () => boolean): void {
    this.#inChargeSinceMs = this.#nowMs;
    const { machine } = this.#world;
    const beganMs = this.#nowMs;
    const fromMs = this.#lastChargeEndMs;
    if (fromMs === 0) return;
    machine.schedule.after(MADE_UP_MS, () => {
      if (!isStillInCharge() || beganMs <= this.#unsureUntilMs || this.#nowMs <= this.#unsureUntilMs) return;
      for (const [id, desired] of kernel.desired.instances) {
        const everyMs = this.#world.everyMsOf(id);
        if (everyMs === null || !desired.run || !desired.spec.schedule?.catchUp || desired.spec.dependsOn.length > 0)
          continue;
        const run = this.#accounts.get(id)?.runs.at(-1);
        // Its end was on disk, and so was its next time.
        const wasAtRest = run && run.endedMs !== null && run.endedMs < fromMs - SAVED_MS && !run.failed;
        if (wasAtRest && this.#dueBetween(fromMs, beganMs, everyMs) !== null)
          this.#world.fail(`schedule: ${id} missed a run while no supervisor ran, and it is not made up for`);
      }
    });
  }

  onStartFailed(instance: string): void {
    this.#accountOf(instance).failedStart = true;
  }

  onSpawn({ of }: SimProcess, spec: ServiceSpec): void {
    const instance = of!.instance;
    const everyMs = this.#world.everyMsOf(instance);
    if (spec.schedule === null || everyMs === null) return;
    const account = this.#accountOf(instance);
    const objection = this.#objection(account, spec, everyMs);
    if (objection && this.#nowMs > this.#unsureUntilMs) this.#world.fail(`schedule: ${instance} ${objection}`);
    account.runs = [...account.runs.slice(-1), { bornMs: this.#nowMs, endedMs: null, failed: false }];
    account.failedStart = false;
  }

  /** @param isKnown its supervisor saw how it ended */
  onEnd({ of }: SimProcess, exit: SimExit, isKnown: boolean): void {
    const run = this.#accounts.get(of!.instance)?.runs.at(-1);
    if (!run) return;
    run.endedMs = this.#nowMs;
    run.failed = !isKnown || !('code' in exit) || exit.code !== 0;
  }

  /** A run that is ended because its successor is due. */
  mayReplace(instance: string): boolean {
    const run = this.#accounts.get(instance)?.runs.at(-1);
    const everyMs = this.#world.everyMsOf(instance);
    if (!run || everyMs === null || this.#nowMs <= this.#unsureUntilMs) return true;
    return this.#dueBetween(run.bornMs, this.#nowMs, everyMs) !== null;
  }

  /**
   * Once everything is quiet: what is wanted and not blocked has run when it was due.
   * @param isImpostor a process left behind by an ended run is taken for the run itself and never ends: a known limit
   */
  checkQuiet(kernel: Kernel, isImpostor: (slot: Slot) => boolean): void {
    for (const [id, desired] of kernel.desired.instances) {
      const everyMs = this.#world.everyMsOf(id);
      if (!desired.run || desired.spec.schedule === null || everyMs === null || everyMs > LONGEST_CHECKED_MS) continue;
      if (kernel.dependencies().blockerOf(desired.spec) !== null || desired.spec.dependsOn.length > 0) continue;
      // Another project may own its key.
      if (desired.spec.singleton !== null) continue;
      const slot = kernel.slots.get(id);
      if (slot && isImpostor(slot)) continue;
      const run = this.#accounts.get(id)?.runs.at(-1) ?? { bornMs: 0, endedMs: 0 };
      // What was due while no supervisor ran is not made up for.
      const idleMs = this.#nowMs - Math.max(run.endedMs ?? this.#nowMs, this.#inChargeSinceMs);
      if (idleMs > everyMs + CLEARING_MS)
        this.#world.fail(`schedule: ${id} should run every ${everyMs} ms and has not for ${idleMs} ms`);
      const isReplaced = desired.spec.schedule.overlap === 'replace';
      const ageMs = this.#nowMs - run.bornMs;
      if (isReplaced && run.endedMs === null && ageMs > everyMs + CLEARING_MS)
        this.#world.fail(`schedule: ${id} has run for ${ageMs} ms, and the next run does not replace it`);
    }
  }

  /** Why a run must not begin now; null: there is a reason for it. */
  #objection(account: Account, spec: ServiceSpec, everyMs: number): string | null {
    const { catchUp, overlap } = spec.schedule!;
    const before = account.runs.at(-1) ?? null;
    if (account.failedStart || before?.failed) return null;
    const waitedSinceMs = spec.dependsOn.length > 0 ? Math.max(this.#clockSetMs, this.#askedMs.get(spec.name) ?? 0) : 0;
    if ((before?.bornMs ?? 0) < waitedSinceMs) return null;
    const nowMs = this.#nowMs;
    const sinceMs = this.#world.inChargeSinceMs() ?? nowMs;
    if (nowMs - sinceMs < RETRIED_MS && this.#wasUnsettled(before, everyMs)) return null;
    const dueMs = this.#dueBetween(Math.max(nowMs - this.#lateMs(spec), before?.bornMs ?? 0), nowMs, everyMs);
    if (dueMs !== null) {
      const wasBusy = before !== null && (before.endedMs ?? nowMs) > dueMs + HEARD_MS;
      const wasMissed = dueMs < sinceMs;
      if (overlap === 'skip' && wasBusy && !wasMissed) return `runs for a time at which the run before was busy`;
      if (!wasMissed && account.lastDueMs === dueMs) return 'runs twice for one time';
      if (!wasMissed) account.lastDueMs = dueMs;
      if (!wasMissed || catchUp) return null;
    }
    const waited = before?.endedMs != null && nowMs - before.endedMs < CLEARING_MS;
    if (overlap !== 'skip' && waited && this.#dueBetween(before.bornMs, nowMs, everyMs) !== null) return null;
    const isMadeUp = catchUp && nowMs - sinceMs < TAKE_OVER_MS;
    if (isMadeUp && this.#dueBetween(this.#lastChargeEndMs, sinceMs, everyMs) !== null) return null;
    return `starts, and it is not its time (every ${everyMs} ms, ${Math.floor(this.#wallMs(nowMs)) % everyMs} ms after)`;
  }

  /** The supervisor before died when a run was due or had just ended: a run with an unknown end is repeated. */
  #wasUnsettled(before: Run | null, everyMs: number): boolean {
    const diedMs = this.#lastChargeEndMs;
    if (this.#dueBetween(diedMs - SAVED_MS, diedMs, everyMs) !== null) return true;
    return before !== null && (before.endedMs ?? diedMs) > diedMs - SAVED_MS;
  }

  /** What waits for a dependency comes when that does. */
  #lateMs({ dependsOn }: ServiceSpec): number {
    return dependsOn.length > 0 ? Number.POSITIVE_INFINITY : LATE_MS;
  }

  /** The last due time in (fromMs, toMs], in machine time; null: there is none. */
  #dueBetween(fromMs: number, toMs: number, everyMs: number): number | null {
    const wallMs = this.#wallMs(toMs);
    const dueMs = toMs - (wallMs - Math.floor(wallMs / everyMs) * everyMs);
    return dueMs > fromMs ? dueMs : null;
  }

  #wallMs(atMs: number): number {
    return atMs + this.#world.machine.wallOffsetMs;
  }

  get #nowMs(): number {
    return this.#world.machine.schedule.nowMs;
  }

  #accountOf(instance: string): Account {
    const account = this.#accounts.get(instance) ?? { runs: [], lastDueMs: null, failedStart: false };
    this.#accounts.set(instance, account);
    return account;
  }
}

/** Saving the intent, making FIFOs, a timer's whole milliseconds. */
const LATE_MS = 500;
/** The end of a run is known so long after. */
const HEARD_MS = 10;
/** From an end to the next start: what is left of the tree has its own grace period and drain, and rounds of SIGKILL. */
const CLEARING_MS = 6_000;
/** After a supervisor began. */
const TAKE_OVER_MS = 2_000;
/** A take-over and the back-off. */
const RETRIED_MS = 6_000;
/** A clean end and the next time are on disk so long after. */
const SAVED_MS = 1_000;
/** After the take-over: the dead process's sweep, saving, spawning. */
const MADE_UP_MS = 3_000;
/** Of longer ones the end of a run of the simulation shows too few. */
const LONGEST_CHECKED_MS = 15_000;
