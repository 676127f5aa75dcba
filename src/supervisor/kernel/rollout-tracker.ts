// Remembers roll-outs (durable) and the versions that were active (in memory only: environments may hold secrets). Reports
// their progress. No I/O, no clock.
import type { Desired } from '../../core/desired.ts';
import { howToResume, planRollouts, type RolloutPlan } from '../../core/rollout.ts';
import type { Rollout, Slot } from '../../core/slot.ts';
import type { InstanceId, ProjectConfig, ServiceName, ServiceSpec } from '../../core/spec.ts';
import type { SupervisorContext } from './supervisor-context.ts';

export class RolloutTracker {
  #journal: SupervisorContext['journal'];
  #rollouts: ReadonlyMap<ServiceName, Rollout> = new Map();
  /** service -> hash -> spec, of versions that an instance still runs or a roll-out may return to. */
  #versions = new Map<ServiceName, Map<string, ServiceSpec>>();

  constructor(journal: SupervisorContext['journal']) {
    this.#journal = journal;
  }

  get rollouts(): ReadonlyMap<ServiceName, Rollout> {
    return this.#rollouts;
  }

  restore(rollouts: readonly Rollout[]): void {
    this.#rollouts = new Map(rollouts.map((rollout) => [rollout.service, rollout]));
  }

  /** The spec of a version that was active since this supervisor started; null where it is not remembered. */
  find(service: ServiceName, specHash: string): ServiceSpec | null {
    return this.#versions.get(service)?.get(specHash) ?? null;
  }

  /** A configuration was applied. Forgets versions that no instance runs and no roll-out may return to. */
  remember(config: ProjectConfig, slots: ReadonlyMap<InstanceId, Slot>): void {
    const used = new Map<ServiceName, Set<string>>();
    const use = (service: ServiceName, hash: string | null | undefined): void => {
      if (hash) used.set(service, (used.get(service) ?? new Set()).add(hash));
    };
    for (const { service, spec } of slots.values()) use(service, spec?.specHash);
    for (const { service, olderHash } of this.#rollouts.values()) use(service, olderHash);
    for (const [service, versions] of this.#versions) {
      for (const hash of versions.keys()) if (!used.get(service)?.has(hash)) versions.delete(hash);
      if (versions.size === 0) this.#versions.delete(service);
    }
    for (const spec of config.services) {
      const versions = this.#versions.get(spec.name) ?? new Map<string, ServiceSpec>();
      this.#versions.set(spec.name, versions.set(spec.specHash, spec));
    }
  }

  /** Resumes roll-outs that were paused or rolled back: a failed one is tried again. */
  resume(services: Iterable<ServiceName>, nowMs: number): void {
    const rollouts = new Map(this.#rollouts);
    for (const service of services) {
      const rollout = rollouts.get(service);
      if (rollout && rollout.verdict.kind !== 'going')
        rollouts.set(service, { ...rollout, sinceMs: nowMs, progressMs: nowMs, verdict: { kind: 'going' } });
    }
    this.#rollouts = rollouts;
  }

  /** Other keys of these services were edited than the size of the pool: what was halted is tried again. */
  resumeEdited(former: ReadonlyMap<ServiceName, ServiceSpec>, { services }: ProjectConfig, nowMs: number): void {
    const textOf = (spec: ServiceSpec | undefined): string => JSON.stringify({ ...spec, pool: 0 });
    // To write out every spec at each edit takes long in a large project.
    const isHalted = ({ name }: ServiceSpec): boolean =>
      (this.#rollouts.get(name)?.verdict.kind ?? 'going') !== 'going';
    const edited = services.filter((spec) => isHalted(spec) && textOf(former.get(spec.name)) !== textOf(spec));
    this.resume(
      edited.map(({ name }) => name),
      nowMs,
    );
  }

  /** Which version every instance should run now. */
  plan(base: Desired, slots: ReadonlyMap<InstanceId, Slot>, nowMs: number): RolloutPlan {
    const findVersion = (service: ServiceName, hash: string): ServiceSpec | null => this.find(service, hash);
    const plan = planRollouts(base, slots, { rollouts: this.#rollouts, findVersion }, nowMs);
    const before = this.#rollouts;
    this.#rollouts = plan.rollouts;
    if (before !== plan.rollouts) this.#reportChanges(before, plan.rollouts);
    return plan;
  }

  #reportChanges(before: ReadonlyMap<ServiceName, Rollout>, now: ReadonlyMap<ServiceName, Rollout>): void {
    for (const [service, rollout] of now) {
      const old = before.get(service);
      if (old?.specHash !== rollout.specHash)
        this.#reportRollout('rollout_began', rollout, 'is moved to another version');
      else if (old.verdict.kind !== rollout.verdict.kind) this.#reportVerdict(rollout);
    }
    for (const [service, rollout] of before) {
      if (!now.has(service) && rollout.verdict.kind === 'going')
        this.#reportRollout('rollout_finished', rollout, 'all instances run the declared version');
    }
  }

  #reportVerdict(rollout: Rollout): void {
    const { verdict, service, olderHash } = rollout;
    switch (verdict.kind) {
      case 'going':
        this.#reportRollout('rollout_resumed', rollout, 'the roll-out is resumed');
        break;
      case 'paused':
        this.#reportRollout(
          'rollout_paused',
          rollout,
          `the roll-out is paused: ${verdict.because}; ${howToResume(service)}`,
        );
        break;
      case 'rolledBack': {
        const isKnown = this.find(service, olderHash ?? '') !== null;
        const what = isKnown
          ? 'is moved back to the version before'
          : 'stays as it is: the previous version is unknown';
        this.#reportRollout('rollout_rolled_back', rollout, `${what}: ${verdict.because}`);
      }
    }
  }

  /** A restart is a roll-out, too, but is reported only where it halts: its stops and starts are reported anyway. */
  #reportRollout(type: string, { service, specHash, olderHash }: Rollout, message: string): void {
    if (olderHash === null && type !== 'rollout_paused' && type !== 'rollout_resumed') return;
    this.#journal.report({
      type,
      instance: null,
      message: `${service}: ${message}`,
      details: { service, specHash, olderHash },
    });
  }
}
