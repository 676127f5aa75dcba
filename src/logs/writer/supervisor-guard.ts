// Decides when the next supervisor is started because the connected one ended without a word: killed by the system (out of
// memory) or by hand. What it needs was sent by that supervisor and stays in memory, since it may hold secrets. No I/O, no clock.
import type { SuccessorStart } from '../writer-protocol.ts';

/** A supervisor that another command starts, or that replaces itself after a fault, connects within this time. */
export const FIRST_DELAY_MS = 500;
export const MAX_DELAY_MS = 30_000;
/** A supervisor that lived this long starts the delays over. */
export const HEALTHY_AFTER_MS = 60_000;
/** This many in a row that never connected: orch or the project was removed, for example. */
export const MAX_FAILURES = 10;
/** Exit code of a supervisor that another one kept from starting. */
const CONFLICT = 4;

export type GuardEffects = {
  nowMs(): number;
  /** @returns the function that cancels it */
  later(delayMs: number, run: () => void): () => void;
  /** @param onEnd once, with its exit code; null: a signal ended it, or it could not be started */
  start(successor: SuccessorStart, onEnd: (code: number | null) => void): void;
};

export class SupervisorGuard<Peer> {
  readonly #effects: GuardEffects;
  #successor: SuccessorStart | null = null;
  /** The connection of the supervisor; null: it is gone. */
  #owner: Peer | null = null;
  #ownedSinceMs = 0;
  #cancelStart: (() => void) | null = null;
  #delayMs = FIRST_DELAY_MS;
  #failures = 0;

  constructor(effects: GuardEffects) {
    this.#effects = effects;
  }

  /** Whether a supervisor is to be started. */
  get isPending(): boolean {
    return this.#owner === null && this.#successor !== null;
  }

  /** A supervisor has connected. Until it says otherwise, it is replaced as the one before. */
  greet(peer: Peer): void {
    if (this.#owner !== null) return;
    this.#own(peer);
    this.#failures = 0;
    this.#cancelStart?.();
    this.#cancelStart = null;
  }

  /** @param successor null: this supervisor is about to end on purpose */
  replaceBy(peer: Peer, successor: SuccessorStart | null): void {
    // Another supervisor has taken its place.
    if (successor === null && this.#owner !== null && this.#owner !== peer) return;
    this.#successor = successor;
    if (this.#owner !== peer) this.#own(peer);
  }

  disconnected(peer: Peer): void {
    if (this.#owner !== peer) return;
    this.#owner = null;
    if (this.#effects.nowMs() - this.#ownedSinceMs > HEALTHY_AFTER_MS) this.#delayMs = FIRST_DELAY_MS;
    this.#startLater();
  }

  #own(peer: Peer): void {
    this.#owner = peer;
    this.#ownedSinceMs = this.#effects.nowMs();
  }

  #startLater(): void {
    if (this.#successor === null || this.#cancelStart !== null) return;
    this.#cancelStart = this.#effects.later(this.#delayMs, () => {
      this.#cancelStart = null;
      if (this.#successor === null || this.#owner !== null) return;
      this.#effects.start(this.#successor, (code) => (code === CONFLICT ? this.#giveUp() : this.#failed()));
    });
    this.#delayMs = Math.min(this.#delayMs * 2, MAX_DELAY_MS);
  }

  /** A supervisor that has connected is known by its connection. */
  #failed(): void {
    if (this.#owner !== null || this.#cancelStart !== null) return;
    this.#failures++;
    if (this.#failures >= MAX_FAILURES) this.#giveUp();
    else this.#startLater();
  }

  #giveUp(): void {
    if (this.#owner === null) this.#successor = null;
  }
}
