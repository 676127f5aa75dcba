// What outlives the supervisor, as text: `.orch/state.json`. Parses what an earlier one left without trusting it.
// Holds no secret: environments are not part of it.
import type { Slot } from '../core/model.ts';
import { parseInstanceId } from '../core/model.ts';
import type { KernelState } from './kernel.ts';

const VERSION = 1;

export function encodeState(state: KernelState): string {
  return `${JSON.stringify({ version: VERSION, ...state })}\n`;
}

/** @returns null where the text is not a state of this version: then the processes themselves are the only truth. */
export function decodeState(text: string): KernelState | null {
  try {
    const read = JSON.parse(text) as Partial<KernelState> & { version?: number };
    if (read.version !== VERSION || !Array.isArray(read.slots)) return null;
    const slots = read.slots.filter(isSlot);
    const stopped = (read.overrides?.stopped ?? []).filter((name) => typeof name === 'string');
    const pools = Object.entries(read.overrides?.pools ?? {}).filter(([, size]) => Number.isInteger(size));
    return { generation: read.generation ?? 0, overrides: { stopped, pools: Object.fromEntries(pools) }, slots };
  } catch {
    return null; // torn or garbage: as good as missing
  }
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
