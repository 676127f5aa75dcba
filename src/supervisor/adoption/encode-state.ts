// The text of `.orch/state.json`: without secrets, and without writing out again what has not changed.
import { type Phase, phaseWord, type Slot, type SlotSpec } from '../../core/slot.ts';
import { type SavedState, STATE_VERSION } from './previous-state.ts';
import type { ClockMark } from './state-times.ts';

/** @param written the time of writing, so that the next supervisor can convert all times to its own clock */
export function encodeState({ edits, ...state }: SavedState, written: ClockMark): Buffer {
  const { only, ...others } = state.overrides;
  const overrides = { ...others, ...(only && { only }) };
  // Left out where there is nothing to say.
  const kept = edits?.paused || edits?.rollback || edits?.follow ? { edits } : {};
  const { slots, ...rest } = { version: STATE_VERSION, written, ...state, ...kept, overrides };
  const frame = Buffer.from(`${JSON.stringify(rest).slice(0, -1)},"slots":[`);
  const parts = slots.flatMap((slot, index) => (index === 0 ? [bytesOfSlot(slot)] : [COMMA, bytesOfSlot(slot)]));
  return Buffer.concat([frame, ...parts, END]);
}

/** A slot never changes: an event makes another one. Of a thousand, one or two are other ones at each save. */
const slotBytes = new WeakMap<Slot, Buffer>();
const COMMA = Buffer.from(',');
const END = Buffer.from(']}\n');

function bytesOfSlot(slot: Slot): Buffer {
  const known = slotBytes.get(slot);
  if (known !== undefined) return known;
  const bytes = Buffer.from(JSON.stringify(toWritten(slot)));
  slotBytes.set(slot, bytes);
  return bytes;
}

function toWritten({ crashes, lastEnd, earlierEnd, ...slot }: Slot): object {
  const earlier = earlierEnd && {
    ...earlierEnd,
    spec: withoutSecrets(earlierEnd.spec),
    phase: writtenPhase(earlierEnd.phase),
  };
  return {
    ...slot,
    spec: slot.spec && withoutSecrets(slot.spec),
    ...(crashes > 0 && { crashes }),
    ...(lastEnd && { lastEnd }),
    ...(earlier && { earlierEnd: earlier }),
    phase: writtenPhase(slot.phase),
  };
}

const writtenPhase = (phase: Phase): object => ({ ...phase, kind: phaseWord(phase.kind) });

/** Commands and URLs may hold secrets from the environment: they are read from the configuration again. */
function withoutSecrets(spec: SlotSpec): SlotSpec {
  const { stop } = spec;
  const by = stop.drain?.by.kind;
  const drain = by === 'signal' || by === 'end_of_input' ? stop.drain : null;
  return { ...spec, stop: { ...stop, command: null, drain } };
}
