// What it takes to get from one configuration to another, when no supervisor is asked: between two commits, or from
// nothing. Pure. The supervisor answers for what runs (supervisor/api/plan.ts); both speak of the same changes.
import type { Plan, PlanChange } from '../../api/protocol.ts';
import { diffServices, type KeyChange } from '../../config/diff.ts';
import { instanceId, type ProjectConfig, type ServiceSpec } from '../../core/model.ts';

/** @param from null: nothing runs yet. */
export function comparePlan(from: ProjectConfig | null, to: ProjectConfig): Plan {
  const before = new Map((from?.services ?? []).map((service) => [service.name, service]));
  const after = new Map(to.services.map((service) => [service.name, service]));
  const removed = [...before.values()].filter(({ name }) => !after.has(name));
  return {
    changes: [
      ...[...after.values()].flatMap((service) => changesOf(before.get(service.name) ?? null, service)),
      ...removed.flatMap((service) => changesOf(service, null)),
    ],
  };
}

function changesOf(from: ServiceSpec | null, to: ServiceSpec | null): PlanChange[] {
  const service = (to ?? from)!.name;
  const [old, now] = [sizeOf(from), sizeOf(to)];
  const change = (action: PlanChange['action'], instances: string[], reason: string, keys: KeyChange[] = []) => ({
    service,
    action,
    instances,
    class: action === 'restart' ? ('restart' as const) : ('live' as const),
    keys: keys.map(({ key, from, to }) => ({ key, from, to })),
    reason,
  });
  const kept = Math.min(old, now);
  const keys = from && to ? diffServices(from, to) : [];
  const [hard, live] = [keys.filter((key) => key.class === 'restart'), keys.filter((key) => key.class === 'live')];
  const changes: PlanChange[] = [];
  if (kept > 0 && from?.specHash !== to?.specHash) {
    changes.push(change('restart', range(service, 1, kept), `${names(hard)} changed`, hard));
  }
  if (kept > 0 && old !== now) {
    const instances = range(service, kept + 1, Math.max(old, now));
    changes.push(change('scale', instances, `pool ${old} → ${now}`, live));
  } else if (now > old) {
    changes.push(change('start', range(service, 1, now), from ? whyAgain(from) : 'new in the configuration'));
  } else if (old > now) {
    changes.push(change('stop', range(service, 1, old), to ? whyNoMore(to) : 'no longer declared'));
  }
  if (from && to && changes.length === 0 && keys.length > 0) {
    changes.push(change('update', [], `${names(keys)} changed, applied in place`, keys));
  }
  return changes;
}

const sizeOf = (service: ServiceSpec | null) => (service?.enabled ? service.pool : 0);
const range = (service: string, first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => instanceId(service, first + at) as string);
const names = (keys: KeyChange[]) => keys.map(({ key }) => key).join(', ');
const whyAgain = ({ enabled }: ServiceSpec) => (enabled ? 'its pool was 0' : 'enabled again');
const whyNoMore = ({ enabled }: ServiceSpec) => (enabled ? 'its pool is 0 now' : 'disabled now');
