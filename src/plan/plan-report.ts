// A plan as `orch plan` shows it to people and programs: with the places of its keys, what was compared, and counts. Pure.
import type { Plan, PlanChange } from '../api/protocol-plan.ts';
import type { FindPlace } from '../config/key-places.ts';

/** One side of the comparison. */
export type PlanSide =
  /** What the supervisor runs. */
  | { kind: 'running' }
  /** No supervisor runs. */
  | { kind: 'nothing' }
  | { kind: 'files'; file: string }
  /** `ref`: as it was given; `commit`: the full hash. */
  | { kind: 'commit'; ref: string; commit: string };

/** `orch plan --json`. Changes only compatibly. */
export type PlanReport = Plan & {
  project: string;
  env: string | null;
  from: PlanSide;
  to: PlanSide;
  summary: PlanSummary;
};

/** Services with a change of each kind, and their instances. A service that scales and restarts counts in both. */
export type PlanSummary = {
  /** `3 changes: 1 restarts (4 instances), 1 starts, 1 live`. */
  text: string;
  changes: number;
  restart: SummaryCount;
  start: SummaryCount;
  stop: SummaryCount;
  scale: SummaryCount;
  /** Applied in place. */
  live: number;
  /** A halted roll-out keeps the change from its instances. */
  heldBack: number;
};
export type SummaryCount = { services: number; instances: number };

/**
 * @internal
 * @param was places of the old values; null: not known, as for what runs
 */
export function withPlaces(plan: Plan, at: FindPlace, was: FindPlace | null): Plan {
  const changes = plan.changes.map((change) => ({ ...change, keys: placedKeys(change, at, was) }));
  return { ...plan, changes };
}

function placedKeys({ service, keys }: PlanChange, at: FindPlace, was: FindPlace | null): PlanChange['keys'] {
  return keys.map((key) => ({
    ...key,
    at: key.to === null ? null : at(service, key.key),
    ...(was && { was: key.from === null ? null : was(service, key.key) }),
  }));
}

/** @internal */
export function summarizePlan({ changes, environment }: Plan): PlanSummary {
  const counts = {
    restart: countOf(changes, 'restart'),
    start: countOf(changes, 'start'),
    stop: countOf(changes, 'stop'),
    scale: countOf(changes, 'scale'),
  };
  const updates = changes.filter(({ action }) => action === 'update');
  const live = updates.filter((change) => change.class === 'live').length;
  const heldBack = updates.length - live;
  const parts = [
    ...Object.entries(counts).flatMap(([verb, count]) => printCount(verb, count)),
    ...(live > 0 ? [`${live} live`] : []),
    ...(heldBack > 0 ? [`${heldBack} held back`] : []),
  ];
  const total = changes.length;
  const number = `${total} ${total === 1 ? 'change' : 'changes'}`;
  const text = total > 0 ? `${number}: ${parts.join(', ')}` : environment ? 'nothing else to do' : 'nothing to do';
  return { text, changes: total, ...counts, live, heldBack };
}

function countOf(changes: PlanChange[], action: PlanChange['action']): SummaryCount {
  const of = changes.filter((change) => change.action === action);
  return {
    services: new Set(of.map(({ service }) => service)).size,
    instances: of.reduce((sum, { instances }) => sum + instances.length, 0),
  };
}

/** `2 restart`, `1 restarts (4 instances)`: the number is that of services. */
function printCount(verb: string, { services, instances }: SummaryCount): string[] {
  if (services === 0) return [];
  const number = instances === services ? '' : ` (${instances} instances)`;
  return [`${services} ${verb}${services === 1 ? 's' : ''}${number}`];
}
