// The last attempts of each probe of each instance, to explain why it is not ready. In memory only, and bounded. An instance keeps
// them over its restarts.
import type { ProbeAttempt, ProbeHistory, ProbeRole } from '../../api/protocol-inspect.ts';
import type { InstanceId } from '../../core/spec.ts';

const MAX_ATTEMPTS = 10;
const MAX_FAILURE_CHARACTERS = 300;
const ROLES: readonly ProbeRole[] = ['startup', 'readiness', 'liveness'];

export class ProbeHistories {
  #attempts = new Map<InstanceId, Partial<Record<ProbeRole, ProbeAttempt[]>>>();

  note(id: InstanceId, role: ProbeRole, attempt: ProbeAttempt): void {
    const ofInstance = this.#attempts.get(id) ?? {};
    const earlier = ofInstance[role] ?? [];
    const failure = attempt.failure?.slice(0, MAX_FAILURE_CHARACTERS) ?? null;
    ofInstance[role] = [...earlier.slice(1 - MAX_ATTEMPTS), { ...attempt, failure }];
    this.#attempts.set(id, ofInstance);
  }

  /** @returns probes without an attempt are left out */
  of(id: InstanceId): ProbeHistory[] {
    const found = this.#attempts.get(id) ?? {};
    return ROLES.flatMap((probe) => (found[probe] ? [{ probe, attempts: found[probe] }] : []));
  }

  /** @param existing instances: what is known of others is forgotten */
  keepOnly(existing: { has(id: InstanceId): boolean }): void {
    for (const id of this.#attempts.keys()) if (!existing.has(id)) this.#attempts.delete(id);
  }
}
