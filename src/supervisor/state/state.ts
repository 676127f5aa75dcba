// What outlives the supervisor, as text: `.orch/state.json`. Parses what an earlier one left without trusting it.
// Holds no secret: environments are not part of it.
import type { Rollout, Slot } from '../../core/model.ts';
import type { KernelState } from '../kernel.ts';
import { readSlot } from './state-slots.ts';
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
    const slots = read.slots.map(readSlot).filter((slot) => slot !== null);
    const stopped = (read.overrides?.stopped ?? []).filter((name) => typeof name === 'string');
    const pools = Object.entries(read.overrides?.pools ?? {}).filter(([, size]) => Number.isInteger(size));
    const profiles = (read.overrides?.profiles ?? []).filter((name) => typeof name === 'string');
    const rollouts = (read.rollouts ?? []).filter(isRollout);
    const overrides = { stopped, pools: Object.fromEntries(pools), profiles };
    const state = { generation: Number.isInteger(read.generation) ? read.generation! : 0, overrides, slots, rollouts };
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

function isRollout(rollout: unknown): rollout is Rollout {
  const { service, specHash, verdict } = (rollout ?? {}) as Partial<Rollout>;
  return typeof service === 'string' && typeof specHash === 'string' && typeof verdict?.kind === 'string';
}
