// A kill -9 of one supervisor of a project, before an effect that is counted over all of them.
import type { Guest } from './machine/guest.ts';
import type { Machine } from './machine/machine.ts';

export class PlannedCrash {
  #machine: Machine;
  #comeBack: () => void;
  #plan: { effect: number; upAfterMs: number } | null = null;

  /** @param comeBack the owner of the project acts */
  constructor(machine: Machine, comeBack: () => void) {
    this.#machine = machine;
    this.#comeBack = comeBack;
  }

  plan(effect: number, upAfterMs: number): void {
    this.#plan = { effect, upAfterMs };
  }

  /** @param effects so far */
  arm(guest: Guest, effects: number): void {
    if (!this.#plan || effects >= this.#plan.effect) return;
    const { effect, upAfterMs } = this.#plan;
    guest.crashAt = guest.effects + effect - effects;
    const { onEnd } = guest;
    guest.onEnd = () => {
      onEnd();
      if (guest.ended && 'signal' in guest.ended) this.#machine.schedule.after(upAfterMs, this.#comeBack);
    };
  }
}
