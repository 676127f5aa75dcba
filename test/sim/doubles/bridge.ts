// What the doubles inside a simulated process see of the simulation: given to the code as a parameter named `bridge`.
import type { EndCause, Slot } from '../../../src/core/slot.ts';
import type { Kernel } from '../../../src/supervisor/kernel/kernel.ts';
import type { Guest } from '../machine/guest.ts';
import type { Machine } from '../machine/machine.ts';
import type { SimProcess } from '../machine/processes.ts';

/** Watches one project from outside of its supervisors, over all their lives. */
export type Observer = {
  onKernel(guest: Guest, kernel: Kernel): void;
  onAction(guest: Guest, action: ObservedAction): void;
  /** A cell of the transition table was used. */
  onCell(phase: string, event: string): void;
  onReport(type: string, message: string): void;
  /** Everything that is written to the event log. */
  onEvent(guest: Guest, type: string, message: string): void;
  onSpawn(process: SimProcess): void;
  onSpawnFailed(instance: string, errno: string): void;
};

export type ObservedAction =
  | { kind: 'start' | 'kill' | 'clear' | 'abandon' | 'forget' | 'escalate'; slot: Slot }
  /** `drain`: the first step of a stop; `stop`: the signal. */
  | { kind: 'stop' | 'drain'; slot: Slot; cause: EndCause };

export type Bridge = { machine: Machine; guest: Guest; observer: Observer };

declare global {
  // A parameter of the function that the code of a simulated process is compiled to.
  var bridge: Bridge;
}
