// The real kernel, whose effects are reported to the simulation before they happen.
import { type Effects, Kernel as RealKernel } from '../../../src/supervisor/kernel/kernel.ts';

export { type Effects, type KernelState, occupiedSlots } from '../../../src/supervisor/kernel/kernel.ts';

export class Kernel extends RealKernel {
  constructor(effects: Effects) {
    super(observed(effects));
    bridge.observer.onKernel(bridge.guest, this);
  }
}

function observed(effects: Effects): Effects {
  const { guest, observer } = bridge;
  return {
    ...effects,
    start: (slot, spec, nonce) => {
      observer.onAction(guest, { kind: 'start', slot });
      effects.start(slot, spec, nonce);
    },
    stop: (slot, cause) => {
      observer.onAction(guest, { kind: 'stop', slot, cause });
      effects.stop(slot, cause);
    },
    drain: (slot) => {
      observer.onAction(guest, { kind: 'drain', slot, cause: slot.phase.cause });
      effects.drain(slot);
    },
    escalate: (slot, signal) => {
      observer.onAction(guest, { kind: 'escalate', slot });
      effects.escalate(slot, signal);
    },
    kill: (slot) => {
      observer.onAction(guest, { kind: 'kill', slot });
      effects.kill(slot);
    },
    clear: (slot) => {
      observer.onAction(guest, { kind: 'clear', slot });
      effects.clear(slot);
    },
    abandon: (slot) => {
      observer.onAction(guest, { kind: 'abandon', slot });
      effects.abandon(slot);
    },
    forget: (slot) => {
      observer.onAction(guest, { kind: 'forget', slot });
      effects.forget(slot);
    },
    report: (happening) => {
      observer.onReport(happening.type, happening.message);
      effects.report(happening);
    },
  };
}
