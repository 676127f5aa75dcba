// Tells every instance of a scheduled service when its next run is, by the wall clock in its time zone. Level-triggered: it
// compares what the slots know with what the declarations say. Starts nothing; that is the reconciler's.
import { Cron } from 'croner';
import type { Desired, DesiredInstance } from '../../core/desired.ts';
import type { InstanceEvent, InstanceId, Schedule, Slot } from '../../core/model.ts';
import { isDue } from '../../core/reconcile.ts';
import { isOccupied } from '../../core/transition.ts';
import type { EventDraft } from '../kernel/events.ts';

export type SchedulerOptions = {
  /** The kernel's clock, and the wall clock, which may be set and goes on while the machine sleeps. */
  nowMs(): number;
  wallMs(): number;
  receive(id: InstanceId, nonce: string | null, event: InstanceEvent): void;
  report(happening: EventDraft): void;
};

/** Further apart than this, the clocks are taken to have been set or to have slept. */
const DRIFT_MS = 1_000;

/** A schedule that was read: the same for all instances, and as long as the declaration stays. `key`: what tells it from others. */
type ParsedSchedule = { schedule: Schedule; key: string; cron: Cron };
/** `key`: the schedule that `wallAtMs`, the next run on the wall clock, was computed from. */
type PlannedRun = { key: string; wallAtMs: number };

export class Scheduler {
  #options: SchedulerOptions;
  #planned = new Map<InstanceId, PlannedRun>();
  #parsed = new WeakMap<Schedule, ParsedSchedule>();

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Call before the first step of the kernel, after each, and now and then. */
  sync({ instances: wishes }: Desired, slots: ReadonlyMap<InstanceId, Slot>): void {
    for (const id of this.#planned.keys()) if (!wishes.get(id)?.spec.schedule) this.#planned.delete(id);
    for (const [id, wish] of wishes) {
      const slot = slots.get(id) ?? null;
      if (wish.spec.schedule) this.#syncOne(id, slot, wish, wish.spec.schedule);
      else if (slot && slot.nextRunMs !== null) this.#options.receive(id, null, { kind: 'runScheduled', atMs: null });
    }
  }

  #syncOne(id: InstanceId, slot: Slot | null, wish: DesiredInstance, schedule: Schedule): void {
    const known = this.#planned.get(id);
    const nowMs = this.#options.nowMs();
    const rhythm = this.#parse(schedule);
    const { key } = rhythm;
    const isLate = slot !== null && isDue(slot, nowMs);
    if (known?.key !== key) {
      // Left by an earlier supervisor: what was missed meanwhile is made up for once, or not at all.
      if (known === undefined && isLate && schedule.catchUp && wish.run) this.#catchUp(id, key, slot.nextRunMs!);
      else this.#advance(id, rhythm);
    } else if (slot === null || slot.nextRunMs === null) this.#advance(id, rhythm);
    else if (isLate) this.#considerLate(id, slot, wish, rhythm);
    else this.#followWallClock(id, slot.nextRunMs, { rhythm, wallAtMs: known.wallAtMs });
  }

  /** Reading a cron expression costs more than all else here, and this runs after every step. */
  #parse(schedule: Schedule): ParsedSchedule {
    const known = this.#parsed.get(schedule);
    if (known) return known;
    const cron = new Cron(schedule.cron, { timezone: schedule.timeZone, paused: true });
    const rhythm = { schedule, key: JSON.stringify(schedule), cron };
    this.#parsed.set(schedule, rhythm);
    return rhythm;
  }

  /** It is time, and the reconciler has not begun the run. */
  #considerLate(id: InstanceId, slot: Slot, wish: DesiredInstance, rhythm: ParsedSchedule): void {
    const { schedule } = rhythm;
    const isSkipped = wish.run && schedule.overlap === 'skip' && isOccupied(slot);
    if (wish.run && !isSkipped) return;
    this.#advance(id, rhythm);
    if (!isSkipped) return;
    this.#options.report({
      type: 'run_skipped',
      instance: id,
      message: `${id} is still busy with the run before: this one is left out`,
      details: { overlap: schedule.overlap },
    });
  }

  #advance(id: InstanceId, { key, cron }: ParsedSchedule): void {
    const wallMs = this.#options.wallMs();
    // The clocks differ by a little: the run that was just due must not be found again.
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
    { rhythm, wallAtMs }: { rhythm: ParsedSchedule; wallAtMs: number },
  ): void {
    const { nowMs, wallMs } = this.#options;
    const putOffMs = wallAtMs - wallMs() - (nextRunMs - nowMs());
    if (putOffMs > DRIFT_MS) this.#advance(id, rhythm);
    else if (putOffMs < -DRIFT_MS) this.#scheduleRun(id, wallAtMs);
  }

  /** @param atMs on the kernel's clock */
  #catchUp(id: InstanceId, key: string, atMs: number): void {
    const { nowMs, wallMs } = this.#options;
    this.#planned.set(id, { key, wallAtMs: atMs - nowMs() + wallMs() });
  }

  #scheduleRun(id: InstanceId, wallAtMs: number): void {
    const { nowMs, wallMs, receive } = this.#options;
    receive(id, null, { kind: 'runScheduled', atMs: nowMs() + wallAtMs - wallMs() });
  }
}
