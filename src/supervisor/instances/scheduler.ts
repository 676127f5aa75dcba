// Tells every instance of a scheduled service when its next run is due, by the wall clock in its time zone. Level-triggered:
// compares slots with declarations. Starts nothing: the reconciler does.
import { Cron } from 'croner';
import type { DesiredInstance } from '../../core/desired.ts';
import { isDue } from '../../core/reconcile.ts';
import { isOccupied, type Slot } from '../../core/slot.ts';
import type { InstanceId, Schedule } from '../../core/spec.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';

type SchedulerContext = Pick<SupervisorContext, 'clock' | 'specs' | 'inbox' | 'journal'>;

/** If the clocks differ by more than this, one was set or the machine slept. */
const DRIFT_MS = 1_000;

/** The same for all instances while the declaration stays. `key` identifies the schedule. */
type ParsedSchedule = { schedule: Schedule; key: string; cron: Cron };
/** `key`: the schedule that `wallAtMs`, the next run on the wall clock, was computed from. */
type PlannedRun = { key: string; wallAtMs: number };

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
    const { key } = parsed;
    const isLate = slot !== null && isDue(slot, nowMs);
    if (known?.key !== key) {
      // Left by an earlier supervisor: a missed run is made up for once, or not at all.
      if (known === undefined && isLate && schedule.catchUp && wanted.run) this.#catchUp(id, key, slot.nextRunMs!);
      else this.#advance(id, parsed);
    } else if (slot === null || slot.nextRunMs === null) this.#advance(id, parsed);
    else if (isLate) this.#considerLate(id, slot, wanted, parsed);
    else this.#followWallClock(id, slot.nextRunMs, { parsed, wallAtMs: known.wallAtMs });
  }

  /** Parsing a cron expression is the slow part here, and `sync` runs after every step. */
  #parse(schedule: Schedule): ParsedSchedule {
    const known = this.#parsed.get(schedule);
    if (known) return known;
    const cron = new Cron(schedule.cron, { timezone: schedule.timeZone, paused: true });
    const parsed = { schedule, key: JSON.stringify(schedule), cron };
    this.#parsed.set(schedule, parsed);
    return parsed;
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

  #advance(id: InstanceId, { key, cron }: ParsedSchedule): void {
    const wallMs = this.#wallMs();
    // The clocks differ slightly: the run that was just due must not be found again.
    const { wallAtMs = 0 } = this.#planned.get(id) ?? {};
    const fromMs = wallMs > wallAtMs - DRIFT_MS ? Math.max(wallMs, wallAtMs) : wallMs;
    const next = cron.nextRun(new Date(fromMs));
    if (next === null) return;
    this.#planned.set(id, { key, wallAtMs: next.getTime() });
    this.#scheduleRun(id, next.getTime());
  }

  /** The wall clock was set, or the machine slept: the run stays at its time of day, or comes sooner by the new time. */
  #followWallClock(
    id: InstanceId,
    nextRunMs: number,
    { parsed, wallAtMs }: { parsed: ParsedSchedule; wallAtMs: number },
  ): void {
    const putOffMs = wallAtMs - this.#wallMs() - (nextRunMs - this.#context.clock.nowMs());
    if (putOffMs > DRIFT_MS) this.#advance(id, parsed);
    else if (putOffMs < -DRIFT_MS) this.#scheduleRun(id, wallAtMs);
  }

  /** @param atMs on the kernel's clock */
  #catchUp(id: InstanceId, key: string, atMs: number): void {
    this.#planned.set(id, { key, wallAtMs: atMs - this.#context.clock.nowMs() + this.#wallMs() });
  }

  #scheduleRun(id: InstanceId, wallAtMs: number): void {
    const atMs = this.#context.clock.nowMs() + wallAtMs - this.#wallMs();
    this.#context.inbox.receive(id, null, { kind: 'runScheduled', atMs });
  }
}
