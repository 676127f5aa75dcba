// Requests the restarts of `restart.cron` when their time has come, by the wall clock. The roll-out decides which instances of a
// pool follow when. A time that passes while no supervisor runs is not made up for.
import { cronOf } from '../../config/schema/cron-times.ts';
import type { CronTimes, ServiceName, ServiceSpec } from '../../core/spec.ts';
import type { Timer } from '../../os/clock.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';

type RestartContext = Pick<SupervisorContext, 'clock' | 'specs' | 'inbox' | 'journal'>;
type PlannedRestart = { times: CronTimes; atMs: number; timer: Timer };

/** So soon it is noticed that the wall clock was set, or the machine slept. */
const LONGEST_WAIT_MS = 60_000;

export class RestartTimes {
  #context: RestartContext;
  #wallMs: () => number;
  #planned = new Map<ServiceName, PlannedRestart>();

  /** @param wallMs the wall clock, which may be set and runs on while the machine sleeps */
  constructor(context: RestartContext, wallMs: () => number = Date.now) {
    this.#context = context;
    this.#wallMs = wallMs;
  }

  /** The configuration changed: only times that differ start over. */
  configure(services: readonly ServiceSpec[]): void {
    const wanted = new Map(services.flatMap(({ name, restart }) => (restart.times ? [[name, restart.times]] : [])));
    for (const [name, { times, timer }] of this.#planned) {
      if (JSON.stringify(wanted.get(name)) === JSON.stringify(times)) continue;
      timer.cancel();
      this.#planned.delete(name);
    }
    for (const [name, times] of wanted) if (!this.#planned.has(name)) this.#plan(name, times);
  }

  #plan(name: ServiceName, times: CronTimes): void {
    const atMs = cronOf(times).nextRun(new Date(this.#wallMs()))?.getTime();
    if (atMs === undefined) this.#planned.delete(name);
    else this.#wait(name, times, atMs);
  }

  #wait(name: ServiceName, times: CronTimes, atMs: number): void {
    const waitMs = Math.min(Math.max(0, atMs - this.#wallMs()), LONGEST_WAIT_MS);
    const timer = this.#context.clock.setTimer(this.#context.clock.nowMs() + waitMs, () => this.#look(name));
    this.#planned.set(name, { times, atMs, timer });
  }

  #look(name: ServiceName): void {
    const { times, atMs } = this.#planned.get(name)!;
    const wallMs = this.#wallMs();
    if (wallMs >= atMs) {
      this.#restart(name);
      this.#plan(name, times);
      return;
    }
    // A clock that was set back: the next time by the new clock counts.
    const nextMs = cronOf(times).nextRun(new Date(wallMs))?.getTime() ?? atMs;
    this.#wait(name, times, Math.min(atMs, nextMs));
  }

  /** What is stopped, ends, or waits for its back-off is left as it is. */
  #restart(name: ServiceName): void {
    const { specs, inbox, journal } = this.#context;
    const running = [...specs.slots.values()].filter(
      ({ service, phase }) => service === name && phase.kind === 'alive',
    );
    if (running.length === 0) return;
    const message = `${name}: its time to be restarted has come (restart.cron)`;
    journal.report({ type: 'restart_due', instance: null, message, details: { service: name } });
    for (const { id, phase } of running) {
      if (phase.kind === 'alive') inbox.receive(id, phase.process.nonce, { kind: 'restartRequested' });
    }
  }

  close(): void {
    for (const { timer } of this.#planned.values()) timer.cancel();
    this.#planned.clear();
  }
}
