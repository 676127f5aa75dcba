// `.orch/state.json`, the state that outlives the supervisor: parses the file of an earlier one without trusting it.
import { LAST_PORT } from '../../config/tree/instance-variables.ts';
import { isEnded } from '../../core/earlier-end.ts';
import type { FollowState } from '../../core/follow.ts';
import {
  type EarlierEnd,
  type Exit,
  emptySlot,
  type Incarnation,
  type Phase,
  type PhaseKind,
  type Rollout,
  type Slot,
  type SlotSpec,
  type WrittenPhaseKind,
} from '../../core/slot.ts';
import { parseInstanceId } from '../../core/spec.ts';
import type { EditState } from '../config/edits.ts';
import { readFollowState } from '../config/read-follow-state.ts';
import type { KernelState } from '../kernel/kernel.ts';
import { type ClockMark, toClock } from './state-times.ts';

export const STATE_VERSION = 1;

export type SavedState = KernelState & {
  /** Absent: an earlier version wrote the state. */
  edits?: SavedEdits;
};
/** `follow`: absent or null where no ref is followed. */
export type SavedEdits = EditState & { follow?: FollowState | null };

/** @returns null where the text is not a state of this version: then only the processes themselves can be trusted. */
export function decodeState(text: string, now: ClockMark): SavedState | null {
  try {
    const read = JSON.parse(text) as Partial<SavedState> & { version?: number; written?: ClockMark };
    if (read.version !== STATE_VERSION || !Array.isArray(read.slots)) return null;
    const slots = read.slots.map(readSlot).filter((slot) => slot !== null);
    const stopped = (read.overrides?.stopped ?? []).filter((name) => typeof name === 'string');
    const pools = Object.entries(read.overrides?.pools ?? {}).filter(([, size]) => Number.isInteger(size));
    const profiles = (read.overrides?.profiles ?? []).filter((name) => typeof name === 'string');
    const rollouts = (read.rollouts ?? []).filter(isRollout).map(withRolloutDefaults);
    const only = Array.isArray(read.overrides?.only) ? read.overrides.only.filter(isString) : null;
    const overrides = { stopped, pools: Object.fromEntries(pools), profiles, only };
    const generation = Number.isInteger(read.generation) ? read.generation! : 0;
    const ports = readPorts(read.ports);
    const edits = readEdits(read.edits);
    const state = { generation, env: readEnvironment(read.env), overrides, slots, rollouts, ports, edits };
    return toClock(state, read.written ?? null, now);
  } catch {
    return null; // a torn or invalid file counts as missing
  }
}

/** @param value instance -> port; what is not that is left out */
export function readPorts(value: unknown): Record<string, number> {
  const entries = Object.entries(isFields(value) ? value : {});
  const isPort = (port: unknown): boolean => Number.isInteger(port) && Number(port) >= 1 && Number(port) <= LAST_PORT;
  return Object.fromEntries(entries.filter(([id, port]) => parseInstanceId(id) && isPort(port))) as Record<
    string,
    number
  >;
}

function readEdits(value: unknown): SavedEdits {
  const { paused, rollback, follow } = (isFields(value) ? value : {}) as Partial<SavedEdits>;
  const isPaused = isFields(paused) && isString(paused.since);
  const isRolledBack = isFields(rollback) && isString(rollback.since) && isNumber(rollback.to);
  return {
    paused: isPaused ? { since: paused.since, edits: numberOr(paused.edits, 0) } : null,
    rollback: isRolledBack ? { to: rollback.to, since: rollback.since, from: stringOr(rollback.from, null) } : null,
    follow: readFollowState(follow),
  };
}

/** @returns the name of the environment that was in force; null: none; undefined: not known */
export function environmentIn(text: string): string | null | undefined {
  try {
    return readEnvironment((JSON.parse(text) as { env?: unknown }).env);
  } catch {
    return undefined; // a torn or invalid file counts as missing
  }
}

/** An earlier version did not write it. */
const readEnvironment = (env: unknown): string | null | undefined =>
  env === null || typeof env === 'string' ? env : undefined;

function isRollout(rollout: unknown): rollout is Rollout {
  const { service, specHash, verdict } = (rollout ?? {}) as Partial<Rollout>;
  return typeof service === 'string' && typeof specHash === 'string' && typeof verdict?.kind === 'string';
}

/** An earlier version did not write these. */
function withRolloutDefaults(rollout: Rollout): Rollout {
  const { isWaiting, ...rest } = rollout as Rollout & { isWaiting?: unknown };
  const { replacing, waitingSinceMs, isHealth } = rest as Partial<Rollout>;
  return {
    ...rest,
    replacing: Array.isArray(replacing) ? replacing.filter(isString) : [],
    waitingSinceMs:
      typeof waitingSinceMs === 'number' ? waitingSinceMs : isWaiting === true ? rollout.progressMs : null,
    isHealth: isHealth === true,
  };
}

type Fields = Record<string, unknown>;

/**
 * Parses a slot of an older version, or a hostile one. A slot with an invalid phase counts as empty: its process is found by
 * its nonce.
 * @returns null where the value is not a slot.
 */
function readSlot(value: unknown): Slot | null {
  if (!isFields(value)) return null;
  const parsed = typeof value.id === 'string' ? parseInstanceId(value.id) : null;
  if (!parsed) return null;
  const spec = readSpec(value.spec);
  const phase = readPhase(value.phase);
  return {
    ...emptySlot(value.id as Slot['id'], parsed.service, parsed.index),
    // Without a spec, it is not known how to stop the process.
    phase: spec === null && 'process' in phase ? { kind: 'idle' } : phase,
    spec,
    restarts: numberOr(value.restarts, 0),
    crashes: numberOr(value.crashes, 0),
    ...readFailures(value),
    earlierEnd: readEarlierEnd(value.earlierEnd),
    lastEnd: readLastEnd(value.lastEnd),
    lastNonce: stringOr(value.lastNonce, null),
    restartRequestedMs: numberOr(value.restartRequestedMs, null),
    nextRunMs: numberOr(value.nextRunMs, null),
  };
}

/** `needs`: required fields of a phase; `adds`: defaults of fields that earlier versions did not write. */
const PHASE_RULES: Record<WrittenPhaseKind, { needs: Record<string, (value: unknown) => boolean>; adds: object }> = {
  idle: { needs: {}, adds: {} },
  held: { needs: { by: isString }, adds: {} },
  starting: { needs: { nonce: isString, sinceMs: isNumber }, adds: {} },
  alive: {
    needs: { process: isIncarnation, sinceMs: isNumber },
    adds: { adopted: true, readiness: 'none', because: null, unhealthy: null },
  },
  stopping: {
    needs: {
      process: isIncarnation,
      startedMs: isNumber,
      sinceMs: isNumber,
      cause: isString,
      step: isString,
      deadlineMs: isNumber,
      nextCheckMs: isNumber,
      checkGapMs: isNumber,
    },
    adds: { adopted: true, exit: null, because: 'not wanted any more', escalated: 0 },
  },
  backoff: { needs: { untilMs: isNumber }, adds: { because: null } },
  completed: { needs: { atMs: isNumber }, adds: {} },
  failed: { needs: { atMs: isNumber, reason: isString }, adds: {} },
};

function readPhase(value: unknown): Phase {
  const rule =
    isFields(value) && Object.hasOwn(PHASE_RULES, String(value.kind))
      ? PHASE_RULES[value.kind as WrittenPhaseKind]
      : null;
  if (!rule || !isFields(value)) return { kind: 'idle' };
  const fits = Object.entries(rule.needs).every(([key, holds]) => holds(value[key]));
  if (!fits) return { kind: 'idle' };
  const since = value.kind === 'alive' ? { readinessSinceMs: numberOr(value.readinessSinceMs, value.sinceMs) } : {};
  return { ...rule.adds, ...value, ...since, kind: READ_PHASES[String(value.kind)] ?? value.kind } as Phase;
}

const READ_PHASES: Record<string, PhaseKind> = { stopping: 'ending', held: 'blocked' };

/** @returns null where required fields are missing. */
function readSpec(value: unknown): SlotSpec | null {
  if (!isFields(value) || !isString(value.specHash) || !isFields(value.stop) || !isFields(value.restart)) return null;
  const { stop, restart } = value;
  const fits =
    isString(stop.signal) &&
    isNumber(stop.graceMs) &&
    isString(restart.policy) &&
    isNumber(restart.healthyAfterMs) &&
    isFields(restart.backoff) &&
    ['initialMs', 'maxMs', 'factor'].every((key) => isNumber((restart.backoff as Fields)[key]));
  if (!fits || (value.singleton && !isString((value.singleton as Fields).key))) return null;
  const dependsOn = Array.isArray(value.dependsOn) ? value.dependsOn.filter(isFields) : [];
  const { ports, limits, ...others } = value;
  const given = Object.entries(isFields(ports) ? ports : {}).filter(([, port]) => isString(port));
  return {
    ...others,
    ...(given.length > 0 && { ports: Object.fromEntries(given) }),
    ...(isMemoryLimit(limits) && { limits }),
    singleton: value.singleton ? { formerKey: null, ...(value.singleton as Fields) } : null,
    stop: { to: 'main', command: null, escalate: [], drain: null, ...stop },
    dependsOn: dependsOn.map((dependency) => ({ onLoss: 'ignore', ...dependency })),
  } as unknown as SlotSpec;
}

/** An earlier version did not write it. */
function isMemoryLimit(limits: unknown): boolean {
  const memory = isFields(limits) && isFields(limits.memory) ? limits.memory : {};
  return isNumber(memory.maxBytes) && (memory.action === 'restart' || memory.action === 'kill');
}

function readExit(value: unknown): Exit | null {
  if (!isFields(value)) return null;
  const known = isNumber(value.code) || isString(value.signal) || isString(value.spawnError) || value.unknown === true;
  return known ? (value as Exit) : null;
}

function readFailures({ failures, recentFailuresMs, lastExit }: Fields) {
  return {
    failures: numberOr(failures, 0),
    recentFailuresMs: Array.isArray(recentFailuresMs) ? recentFailuresMs.filter(isNumber) : [],
    lastExit: readExit(lastExit),
  };
}

/** An earlier version did not write it. */
function readEarlierEnd(value: unknown): EarlierEnd | null {
  if (!isFields(value)) return null;
  const [phase, spec] = [readPhase(value.phase), readSpec(value.spec)];
  return isEnded(phase) && spec !== null ? { ...readFailures(value), phase, spec } : null;
}

function readLastEnd(value: unknown): Slot['lastEnd'] {
  if (!isFields(value) || !isNumber(value.startedMs) || !isNumber(value.atMs)) return null;
  return { startedMs: value.startedMs, atMs: value.atMs };
}

function isIncarnation(value: unknown): value is Incarnation {
  if (!isFields(value)) return false;
  return Number.isInteger(value.pid) && isString(value.startTime) && isString(value.bootId) && isString(value.nonce);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function numberOr<T>(value: unknown, otherwise: T): number | T {
  return isNumber(value) ? value : otherwise;
}

function stringOr<T>(value: unknown, otherwise: T): string | T {
  return isString(value) ? value : otherwise;
}
