// Watches what `orch wait` answers: success only where everything that was waited for is up, failure only where something is
// not, and no more waiting where nothing can come (decision 0730). Part of the oracle: throws by `fail`.
import type { DesiredInstance } from '../../src/core/desired.ts';
import type { Slot } from '../../src/core/slot.ts';
import type { ServiceSpec } from '../../src/core/spec.ts';
import type { Kernel } from '../../src/supervisor/kernel/kernel.ts';
import type { Guest } from './machine/guest.ts';
import type { Machine } from './machine/machine.ts';
import type { SimExit, SimProcess } from './machine/processes.ts';

export type WaitWorld = {
  machine: Machine;
  leaders(): readonly SimProcess[];
  lastExitOf(id: string): SimExit | undefined;
  wasReady(process: SimProcess, spec: ServiceSpec): boolean;
  /** Exits may be seen late, or ages are not known. */
  isUnsure(): boolean;
  fail(what: string): never;
};

export type Wait = { condition: 'converged' | 'ready'; names: readonly string[] };
type Answer = 'met' | 'failed' | 'timeout' | 'other';
type Wanted = [id: Slot['id'], desired: Extract<DesiredInstance, { run: true }>];

/** An answer may be from just before an edit or a command. */
const EDIT_MS = 20;
/** An exit is seen later. */
const NEWS_MS = 500;
const QUIET_MS = 3_000;

export class WaitOracle {
  #world: WaitWorld;
  #changedMs = Number.NEGATIVE_INFINITY;

  constructor(world: WaitWorld) {
    this.#world = world;
  }

  /** An edit, a command or a fault: from here on, other instances may be wanted. */
  noteChange(): void {
    this.#changedMs = this.#world.machine.schedule.nowMs;
  }

  onAnswer({ condition, names }: Wait, result: unknown, guest: Guest, kernel: Kernel): void {
    const { machine, isUnsure } = this.#world;
    const sinceMs = machine.schedule.nowMs - this.#changedMs;
    if (!guest.isAlive || isUnsure() || machine.busyUntilMs > machine.schedule.nowMs - QUIET_MS) return;
    const answer = answerOf(result);
    const wanted = this.#wanted(kernel, names);
    const what = `\`wait --for ${condition} ${names.join(' ')}\``;
    if (answer === 'met' && sinceMs > EDIT_MS) {
      const missing = wanted.find((one) => !this.#isUp(one));
      if (missing) this.#world.fail(`I19: ${what} succeeds, and ${missing[0]} is not up`);
    }
    if (sinceMs < QUIET_MS || kernel.rollouts.size > 0) return;
    const isAllUp = wanted.length > 0 && wanted.every((one) => this.#isUpFor(one, QUIET_MS));
    if (answer === 'failed' && isAllUp && names.length === 0) this.#world.fail(`wait: ${what} fails, and all is up`);
    const isLost = wanted.find(([id]) => kernel.slots.get(id)?.phase.kind === 'failed');
    if (answer === 'timeout' && isLost) this.#world.fail(`wait: ${what} waits for ${isLost[0]}, which was given up`);
  }

  #wanted({ desired }: Kernel, names: readonly string[]): Wanted[] {
    const isNamed = (id: string): boolean =>
      names.length === 0 || names.some((name) => id === name || id.startsWith(`${name}.`));
    return [...desired.instances].filter(
      (one): one is Wanted => one[1].run && one[1].spec.schedule === null && isNamed(one[0]),
    );
  }

  #isUp([id, { spec }]: Wanted): boolean {
    const process = this.#leaderOf(id);
    if (process) return this.#world.wasReady(process, spec);
    const exit = this.#world.lastExitOf(id);
    const isDone = exit !== undefined && 'code' in exit && exit.code === 0 && spec.restart.policy !== 'always';
    return isDone || this.#world.machine.schedule.nowMs - (this.#endedMs.get(id) ?? 0) < NEWS_MS;
  }

  #isUpFor(one: Wanted, ms: number): boolean {
    const process = this.#leaderOf(one[0]);
    const isOld = process !== undefined && this.#world.machine.schedule.nowMs - process.bornMs > ms + NEWS_MS;
    return isOld && this.#world.machine.health.hasServedFor(process, ms) && this.#isUp(one);
  }

  readonly #endedMs = new Map<string, number>();

  onEnd(process: SimProcess): void {
    this.#endedMs.set(process.of!.instance, this.#world.machine.schedule.nowMs);
  }

  #leaderOf(id: string): SimProcess | undefined {
    return this.#world.leaders().find(({ of }) => of!.instance === id);
  }
}

function answerOf(result: unknown): Answer {
  if (!(result instanceof Error)) return 'met';
  const { code } = (result as { wire?: { code: string } }).wire ?? {};
  return code === 'failed' || code === 'timeout' ? code : 'other';
}
