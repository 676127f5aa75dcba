// Slots as they were read from the state file: whatever lies there (an older version's, a torn or a hostile one) becomes a
// whole slot or none. Where a phase cannot be what it says, the slot counts as empty; what lives is found by itself.
import type { Exit, Incarnation, Phase, PhaseKind, Slot, SlotSpec } from '../../core/model.ts';
import { parseInstanceId } from '../../core/model.ts';
import { emptySlot } from '../../core/transition.ts';

type Fields = Record<string, unknown>;

/** @returns null for what is no slot at all. */
export function readSlot(value: unknown): Slot | null {
  if (!isFields(value)) return null;
  const parsed = typeof value.id === 'string' ? parseInstanceId(value.id) : null;
  if (!parsed) return null;
  const spec = readSpec(value.spec);
  const phase = readPhase(value.phase);
  return {
    ...emptySlot(value.id as Slot['id'], parsed.service, parsed.index),
    // What lives must be stopped as it was told to be: without a spec nobody knows how.
    phase: spec === null && 'process' in phase ? { kind: 'idle' } : phase,
    spec,
    restarts: numberOr(value.restarts, 0),
    failures: numberOr(value.failures, 0),
    recentFailuresMs: Array.isArray(value.recentFailuresMs) ? value.recentFailuresMs.filter(Number.isFinite) : [],
    lastExit: readExit(value.lastExit),
    lastNonce: textOr(value.lastNonce, null),
    restartRequestedMs: numberOr(value.restartRequestedMs, null),
    nextRunMs: numberOr(value.nextRunMs, null),
  };
}

/** What each phase cannot do without, and what a supervisor of an earlier version did not write. */
const PHASES: Record<PhaseKind, { needs: Record<string, (value: unknown) => boolean>; adds: object }> = {
  idle: { needs: {}, adds: {} },
  held: { needs: { by: isText }, adds: {} },
  starting: { needs: { nonce: isText, sinceMs: isNumber }, adds: {} },
  alive: {
    needs: { process: isIncarnation, sinceMs: isNumber },
    adds: { adopted: true, readiness: 'none', because: null, unhealthy: null },
  },
  stopping: {
    needs: {
      process: isIncarnation,
      startedMs: isNumber,
      sinceMs: isNumber,
      cause: isText,
      step: isText,
      deadlineMs: isNumber,
      nextCheckMs: isNumber,
      checkGapMs: isNumber,
    },
    adds: { adopted: true, exit: null, because: 'not wanted any more', escalated: 0 },
  },
  backoff: { needs: { untilMs: isNumber }, adds: { because: null } },
  completed: { needs: { atMs: isNumber }, adds: {} },
  failed: { needs: { atMs: isNumber, reason: isText }, adds: {} },
};

function readPhase(value: unknown): Phase {
  const rule = isFields(value) && Object.hasOwn(PHASES, String(value.kind)) ? PHASES[value.kind as PhaseKind] : null;
  if (!rule || !isFields(value)) return { kind: 'idle' };
  const fits = Object.entries(rule.needs).every(([key, holds]) => holds(value[key]));
  if (!fits) return { kind: 'idle' };
  const since = value.kind === 'alive' ? { readinessSinceMs: numberOr(value.readinessSinceMs, value.sinceMs) } : {};
  return { ...rule.adds, ...value, ...since } as Phase;
}

/** Null where it could not be acted upon. */
function readSpec(value: unknown): SlotSpec | null {
  if (!isFields(value) || !isText(value.specHash) || !isFields(value.stop) || !isFields(value.restart)) return null;
  const { stop, restart } = value;
  const fits =
    isText(stop.signal) &&
    isNumber(stop.graceMs) &&
    isText(restart.policy) &&
    isNumber(restart.healthyAfterMs) &&
    isFields(restart.backoff) &&
    ['initialMs', 'maxMs', 'factor'].every((key) => isNumber((restart.backoff as Fields)[key]));
  if (!fits || (value.singleton && !isText((value.singleton as Fields).key))) return null;
  const dependsOn = Array.isArray(value.dependsOn) ? value.dependsOn.filter(isFields) : [];
  return {
    ...value,
    singleton: value.singleton ?? null,
    stop: { to: 'tree', command: null, escalate: [], drain: null, ...stop },
    dependsOn: dependsOn.map((dependency) => ({ onLoss: 'ignore', ...dependency })),
  } as unknown as SlotSpec;
}

function readExit(value: unknown): Exit | null {
  if (!isFields(value)) return null;
  const known = isNumber(value.code) || isText(value.signal) || isText(value.spawnError) || value.unknown === true;
  return known ? (value as Exit) : null;
}

function isIncarnation(value: unknown): value is Incarnation {
  if (!isFields(value)) return false;
  return Number.isInteger(value.pid) && isText(value.startTime) && isText(value.bootId) && isText(value.nonce);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function numberOr<T>(value: unknown, otherwise: T): number | T {
  return isNumber(value) ? value : otherwise;
}

function textOr<T>(value: unknown, otherwise: T): string | T {
  return isText(value) ? value : otherwise;
}
