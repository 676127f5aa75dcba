// Tells every instance of a scheduled service when its next run is due: by the wall clock in its time zone, or at even gaps by
// the clock that is never set. Level-triggered: compares slots with declarations. Starts nothing: the reconciler does.
import { cronOf } from '../../config/schema/cron-times.ts';
import type { DesiredInstance } from '../../core/desired.ts';
import { isDue } from '../../core/reconcile.ts';
import { isOccupied, type Slot } from '../../core/slot.ts';
import { type CronTimes, type InstanceId, isFirstRunDue, type Schedule } from '../../core/spec.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';

type SchedulerContext = Pick<SupervisorContext, 'clock' | 'specs' | 'inbox' | 'journal'>;

/** If the clocks differ by more than this, one was set or the machine slept. */
const DRIFT_MS = 1_000;

/** The same for all instances while the declaration stays. `key` identifies the schedule. */
type ParsedSchedule = {
  schedule: Schedule;
  key: string;
  /** Of the clock of the schedule: the wall clock for `cron`, the kernel's for `every`. */
  clockMs(): number;
  /** @returns the first time after `fromMs`; null: there is none. @param lastMs a time of the schedule */
  nextMs(fromMs: number, lastMs: number | null): number | null;
};
/** `key`: the schedule that `atMs`, the next run on its clock, was computed from. */
type PlannedRun = { key: string; atMs: number };

export class Scheduler {
  #context: SchedulerContext;
  #wallMs: () => number;
  #planned = new Map<InstanceId, PlannedRun>();
  #parsed = new WeakMap<Schedule, ParsedSchedule>();

  /** @param wallMs the wall clock, which may be set and runs on while the machine sleeps */
  constructor(context: SchedulerContext, wallMs: () => number = Date.now) {
    this.#context = context;
    this.#wallMs = wallMs;
  }

  /** Call before the first step of the kernel, after each step, and now and then. */
  sync(): void {
    const { slots, desired } = this.#context.specs;
    for (const id of this.#planned.keys()) if (!desired.instances.get(id)?.spec.schedule) this.#planned.delete(id);
    for (const [id, wanted] of desired.instances) {
      const slot = slots.get(id) ?? null;
      if (wanted.spec.schedule) this.#syncOne(id, slot, wanted, wanted.spec.schedule);
      else if (slot && slot.nextRunMs !== null)
        this.#context.inbox.receive(id, null, { kind: 'runScheduled', atMs: null });
    }
  }

  #syncOne(id: InstanceId, slot: Slot | null, wanted: DesiredInstance, schedule: Schedule): void {
    const known = this.#planned.get(id);
    const nowMs = this.#context.clock.nowMs();
    const parsed = this.#parse(schedule);
    const { key, clockMs } = parsed;
    const isLate = slot !== null && isDue(slot, nowMs);
    if (wanted.run && !isLate && isFirstRunDue(wanted.spec, slot?.spec ?? null)) this.#plan(id, parsed, clockMs());
    else if (known?.key !== key) this.#begin(id, slot, wanted, parsed);
    else if (slot === null || slot.nextRunMs === null) this.#advance(id, parsed);
    else if (isLate) this.#considerLate(id, slot, wanted, parsed);
    else this.#followClock(id, slot.nextRunMs, parsed, known.atMs);
  }

  /** The schedule is new, or was followed by an earlier supervisor. */
  #begin(id: InstanceId, slot: Slot | null, wanted: DesiredInstance, parsed: ParsedSchedule): void {
    const { schedule, key } = parsed;
    const isEdited = this.#planned.delete(id);
    const leftMs = isEdited ? null : (slot?.nextRunMs ?? null);
    const clockMs = parsed.clockMs();
    const atMs = leftMs === null ? Number.POSITIVE_INFINITY : leftMs - this.#context.clock.nowMs() + clockMs;
    const isLate = atMs <= clockMs;
    // A missed run is made up for once, or not at all.
    const isMadeUp = isLate && schedule.catchUp && wanted.run;
    // Even gaps are counted from the time that was left, unless they have become shorter since.
    const isCounted = 'everyMs' in schedule && atMs <= clockMs + schedule.everyMs;
    if (isMadeUp || isCounted) this.#planned.set(id, { key, atMs });
    if (!isMadeUp && (isLate || !isCounted)) this.#advance(id, parsed);
  }

  /** Parsing a cron expression is the slow part here, and `sync` runs after every step. */
  #parse(schedule: Schedule): ParsedSchedule {
    const known = this.#parsed.get(schedule);
    if (known) return known;
    const times = 'everyMs' in schedule ? this.#timesOfGaps(schedule.everyMs) : this.#timesOfCron(schedule);
    const parsed = { schedule, key: JSON.stringify(schedule), ...times };
    this.#parsed.set(schedule, parsed);
    return parsed;
  }

  #timesOfCron(times: CronTimes): Pick<ParsedSchedule, 'clockMs' | 'nextMs'> {
    const cron = cronOf(times);
    // The instances of a pool ask for the same run: to compute one takes as long as a step.
    let known = { fromMs: 0, atMs: 0 };
    const nextMs = (fromMs: number): number | null => {
      if (fromMs >= known.fromMs && fromMs < known.atMs) return known.atMs;
      const atMs = cron.nextRun(new Date(fromMs))?.getTime() ?? null;
      if (atMs !== null) known = { fromMs, atMs };
      return atMs;
    };
    return { clockMs: this.#wallMs, nextMs };
  }

  #timesOfGaps(everyMs: number): Pick<ParsedSchedule, 'clockMs' | 'nextMs'> {
    const nextMs = (fromMs: number, lastMs: number | null): number => {
      const baseMs = lastMs ?? fromMs;
      return baseMs > fromMs ? baseMs : baseMs + (Math.floor((fromMs - baseMs) / everyMs) + 1) * everyMs;
    };
    return { clockMs: () => this.#context.clock.nowMs(), nextMs };
  }

  /** The run is due, and the reconciler has not begun it. */
  #considerLate(id: InstanceId, slot: Slot, wanted: DesiredInstance, parsed: ParsedSchedule): void {
    const { schedule } = parsed;
    const isSkipped = wanted.run && schedule.overlap === 'skip' && isOccupied(slot);
    if (wanted.run && !isSkipped) return;
    this.#advance(id, parsed);
    if (!isSkipped) return;
    this.#context.journal.report({
      type: 'run_skipped',
      instance: id,
      message: `${id} is still busy with the previous run; this run is skipped`,
      details: { overlap: schedule.overlap },
    });
  }

  #advance(id: InstanceId, parsed: ParsedSchedule): void {
    const clockMs = parsed.clockMs();
    const lastMs = this.#planned.get(id)?.atMs ?? null;
    // The clocks differ slightly: the run that was just due must not be found again.
    const fromMs = lastMs !== null && clockMs > lastMs - DRIFT_MS ? Math.max(clockMs, lastMs) : clockMs;
    const nextMs = parsed.nextMs(fromMs, lastMs);
    if (nextMs !== null) this.#plan(id, parsed, nextMs);
  }

  /** The wall clock was set, or the machine slept: the run stays at its time of day, or comes sooner by the new time. */
  #followClock(id: InstanceId, nextRunMs: number, parsed: ParsedSchedule, atMs: number): void {
    const putOffMs = atMs - parsed.clockMs() - (nextRunMs - this.#context.clock.nowMs());
    if (putOffMs > DRIFT_MS) this.#advance(id, parsed);
    else if (putOffMs < -DRIFT_MS) this.#plan(id, parsed, atMs);
  }

  /** @param atMs on the clock of the schedule */
  #plan(id: InstanceId, { key, clockMs }: ParsedSchedule, atMs: number): void {
    this.#planned.set(id, { key, atMs });
    const nextRunMs = this.#context.clock.nowMs() + atMs - clockMs();
    this.#context.inbox.receive(id, null, { kind: 'runScheduled', atMs: nextRunMs });
  }
}
