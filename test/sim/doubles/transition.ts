// The real transition table, with a mark for every cell that is used.

import type { InstanceEvent } from '../../../src/core/instance-event.ts';
import type { Slot } from '../../../src/core/slot.ts';
import { transition as realTransition } from '../../../src/core/transition.ts';

export * from '../../../src/core/transition.ts';

export function transition(slot: Slot, event: InstanceEvent, nowMs: number): Slot {
  bridge.observer.onCell(slot.phase.kind, event.kind);
  return realTransition(slot, event, nowMs);
}
