// What it takes to get from one configuration to another, when no supervisor is asked: between two commits, or from
// nothing. Pure. The supervisor answers for what runs (plan/plan.ts); both speak of the same changes.

import type { Plan, PlanChange } from '../api/protocol.ts';
import { desiredOf, NO_OVERRIDES } from '../core/desired.ts';
import { instanceId, type ProjectConfig, type ServiceSpec } from '../core/spec.ts';
import { diffQueues } from './diff-queues.ts';
import { diffServices, type KeyChange } from './diff-services.ts';

/** @param from null: nothing runs yet. */
export function comparePlan(from: ProjectConfig | null, to: ProjectConfig): Plan {
  const before = new Map((from?.services ?? []).map((service) => [service.name, service]));
  const after = new Map(to.services.map((service) => [service.name, service]));
  const [old, now] = [wantedSizes(from), wantedSizes(to)];
  const removed = [...before.values()].filter(({ name }) => !after.has(name));
  return {
    changes: [
      ...[...after.values()].flatMap((service) => changesOf(sidesOf(before.get(service.name) ?? null, service))),
      ...removed.flatMap((service) => changesOf(sidesOf(service, null))),
      ...diffQueues(from, to),
    ],
  };

  function sidesOf(from: ServiceSpec | null, to: ServiceSpec | null): Sides {
    const wasWanted = (from && old.get(from.name)) ?? 0;
    const isWanted = (to && now.get(to.name)) ?? 0;
    const running = from?.schedule ? 0 : wasWanted;
    // Time starts what is scheduled, not the configuration; what has begun ends as it began.
    return {
      from,
      to,
      isWanted: isWanted > 0,
      old: running,
      now: to?.schedule ? Math.min(running, isWanted) : isWanted,
    };
  }
}

/** How many instances of each service should run; without overrides, so no profile is chosen. */
function wantedSizes(config: ProjectConfig | null): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { spec, run } of desiredOf(config, NO_OVERRIDES, false).instances.values()) {
    if (run) sizes.set(spec.name, (sizes.get(spec.name) ?? 0) + 1);
  }
  return sizes;
}

type Sides = {
  from: ServiceSpec | null;
  to: ServiceSpec | null;
  /** Whether anything of `to` should run, be it when its time has come. */
  isWanted: boolean;
  /** How many run before and after. */
  old: number;
  now: number;
};

function changesOf({ from, to, isWanted, old, now }: Sides): PlanChange[] {
  const service = (to ?? from)!.name;
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
  if (kept > 0 && from?.specHash !== to?.specHash && !to?.schedule) {
    changes.push(change('restart', range(service, 1, kept), `${names(hard)} changed`, keys));
  }
  if (kept > 0 && old !== now) {
    const instances = range(service, kept + 1, Math.max(old, now));
    changes.push(change('scale', instances, `pool ${old} → ${now}`, live));
  } else if (now > old) {
    changes.push(change('start', range(service, 1, now), from ? whyAgain(from) : 'new in the configuration'));
  } else if (old > now) {
    changes.push(change('stop', range(service, 1, old), to ? whyNoMore(to) : 'no longer declared'));
  }
  if (!from && to?.schedule && isWanted) changes.push(change('update', [], 'declared; it waits for its time'));
  if (from && to && changes.length === 0 && keys.length > 0) {
    changes.push(change('update', [], `${names(keys)} changed, applied in place`, keys));
  }
  return changes;
}

const range = (service: string, first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => instanceId(service, first + at) as string);
const names = (keys: KeyChange[]) => keys.map(({ key }) => key).join(', ');

function whyAgain({ enabled, profiles, schedule }: ServiceSpec): string {
  if (!enabled) return 'enabled again';
  if (profiles.length > 0) return 'it needs no profile any more';
  return schedule ? 'it has no schedule any more' : 'its pool was 0';
}

function whyNoMore({ enabled, profiles }: ServiceSpec): string {
  if (!enabled) return 'disabled now';
  return profiles.length > 0 ? 'it runs only with a profile now' : 'its pool is 0 now';
}
