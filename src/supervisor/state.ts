// What outlives the supervisor, as text: `.orch/state.json`. Parses what an earlier one left without trusting it.
// Holds no secret: environments are not part of it.
import type { Phase, PhaseKind, Rollout, Slot } from '../core/model.ts';
import { parseInstanceId } from '../core/model.ts';
import type { KernelState } from './kernel.ts';
import { type ClockMark, onClock } from './state-times.ts';

const VERSION = 1;

/** @param written when, so that the next supervisor can put the times on its own clock. */
export function encodeState(state: KernelState, written: ClockMark): string {
  return `${JSON.stringify({ version: VERSION, written, ...state, slots: state.slots.map(withoutSecrets) })}\n`;
}

/** @returns null where the text is not a state of this version: then the processes themselves are the only truth. */
export function decodeState(text: string, now: ClockMark): KernelState | null {
  try {
    const read = JSON.parse(text) as Partial<KernelState> & { version?: number; written?: ClockMark };
    if (read.version !== VERSION || !Array.isArray(read.slots)) return null;
    const slots = read.slots.filter(isSlot).map(complete);
    const stopped = (read.overrides?.stopped ?? []).filter((name) => typeof name === 'string');
    const pools = Object.entries(read.overrides?.pools ?? {}).filter(([, size]) => Number.isInteger(size));
    const profiles = (read.overrides?.profiles ?? []).filter((name) => typeof name === 'string');
    const rollouts = (read.rollouts ?? []).filter(isRollout);
    const overrides = { stopped, pools: Object.fromEntries(pools), profiles };
    const state = { generation: read.generation ?? 0, overrides, slots, rollouts };
    return onClock(state, read.written ?? null, now);
  } catch {
    return null; // torn or garbage: as good as missing
  }
}

/** Commands and URLs may hold what the file took from the environment: they are read from the file again. */
function withoutSecrets(slot: Slot): Slot {
  if (!slot.spec) return slot;
  const { stop } = slot.spec;
  const by = stop.drain?.by.kind;
  const drain = by === 'signal' || by === 'end_of_input' ? stop.drain : null;
  return { ...slot, spec: { ...slot.spec, stop: { ...stop, command: null, drain } } };
}

/** Fills in what a supervisor of an earlier version did not write. */
function complete(slot: Slot): Slot {
  const phase: Phase = { ...MISSING[slot.phase.kind], ...slot.phase } as Phase;
  const since = phase.kind === 'alive' ? { readinessSinceMs: phase.readinessSinceMs ?? phase.sinceMs } : {};
  const spec = slot.spec && {
    ...slot.spec,
    stop: { ...MISSING_STOP, ...slot.spec.stop },
    dependsOn: slot.spec.dependsOn.map((dependency) => ({ ...MISSING_DEPENDENCY, ...dependency })),
  };
  return {
    ...slot,
    lastNonce: slot.lastNonce ?? null,
    nextRunMs: slot.nextRunMs ?? null,
    phase: { ...phase, ...since } as Phase,
    spec,
  };
}

const MISSING: Partial<Record<PhaseKind, object>> = {
  alive: { because: null, unhealthy: null },
  stopping: { because: 'not wanted any more', escalated: 0 },
  backoff: { because: null },
};
const MISSING_STOP = { to: 'tree', command: null, escalate: [], drain: null } as const;
const MISSING_DEPENDENCY = { onLoss: 'ignore' } as const;

function isRollout(rollout: unknown): rollout is Rollout {
  const { service, specHash, verdict } = (rollout ?? {}) as Partial<Rollout>;
  return typeof service === 'string' && typeof specHash === 'string' && typeof verdict?.kind === 'string';
}

function isSlot(slot: unknown): slot is Slot {
  const { id, phase, restarts } = (slot ?? {}) as Partial<Slot>;
  return (
    typeof id === 'string' &&
    parseInstanceId(id) !== null &&
    typeof phase?.kind === 'string' &&
    Number.isInteger(restarts)
  );
}
