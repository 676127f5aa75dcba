// Runs `before_start` with `once: true` a single time for each version of a pool: the first instance that starts runs it, the
// others wait for it. A failure fails the starts that waited, and the next start tries again.
import type { Slot } from '../../core/slot.ts';
import type { InstanceId, ServiceName } from '../../core/spec.ts';

/** A clause that says why the instance must not start; null: it may. */
type HookFailure = string | null;
type OnceRun = { version: string; runner: InstanceId; isCancelled: boolean; outcome: Promise<HookFailure> };

const NOT_WANTED = 'the start is not wanted any more';

export class OnceHooks {
  #slots: () => Iterable<Slot>;
  /** Of each service: the run that counts for the version that was started last. */
  #runs = new Map<ServiceName, OnceRun>();
  #waiting = new Map<InstanceId, (failure: HookFailure) => void>();

  /** @param slots all of the project: they tell what an earlier supervisor has run */
  constructor(slots: () => Iterable<Slot>) {
    this.#slots = slots;
  }

  async pass(
    id: InstanceId,
    service: ServiceName,
    version: string,
    run: () => Promise<HookFailure>,
  ): Promise<HookFailure> {
    const known = this.#runs.get(service);
    if (known?.version !== version) {
      return this.#hasRunEarlier(service, version) ? null : await this.#begin(id, service, version, run);
    }
    const failure = await this.#orCancelled(id, known.outcome);
    // The instance that ran it is not wanted any more; this one still is.
    const isInherited = known.isCancelled && known.runner !== id && this.#runs.get(service) !== known;
    return failure !== null && failure !== NOT_WANTED && isInherited
      ? await this.pass(id, service, version, run)
      : failure;
  }

  /** The start of the instance is given up; a hook that it runs itself is ended elsewhere. */
  cancel(id: InstanceId): void {
    this.#waiting.get(id)?.(NOT_WANTED);
    for (const run of this.#runs.values()) if (run.runner === id) run.isCancelled = true;
  }

  async #begin(runner: InstanceId, service: ServiceName, version: string, run: () => Promise<HookFailure>) {
    const outcome = run().then((failure) => {
      if (failure !== null && this.#runs.get(service) === begun) this.#runs.delete(service);
      return failure;
    });
    const begun: OnceRun = { version, runner, isCancelled: false, outcome };
    this.#runs.set(service, begun);
    return await outcome;
  }

  async #orCancelled(id: InstanceId, outcome: Promise<HookFailure>): Promise<HookFailure> {
    const cancelled = new Promise<HookFailure>((resolve) => this.#waiting.set(id, resolve));
    const failure = await Promise.race([outcome, cancelled]);
    this.#waiting.delete(id);
    return failure;
  }

  /** A process of this version was there: its hook had succeeded. */
  #hasRunEarlier(service: ServiceName, version: string): boolean {
    for (const { service: other, spec, phase, lastExit, lastEnd } of this.#slots()) {
      if (other !== service || spec?.specHash !== version) continue;
      if (phase.kind === 'alive' || phase.kind === 'ending' || phase.kind === 'completed') return true;
      if (lastEnd !== null && lastExit !== null && !('spawnError' in lastExit)) return true;
    }
    return false;
  }
}
