// Saves the kernel's state: at once for intents, soon for everything else. A disk that fails never stops the supervision: the
// processes can be found by their nonce.
import type { Clock } from '../../os/clock.ts';
import { errorText } from '../../os/errors.ts';
import { type Durability, StateFile } from '../../os/state-file.ts';
import type { KernelState } from '../kernel/kernel.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import { encodeState } from './encode-state.ts';
import type { SavedEdits } from './previous-state.ts';
import { markClock } from './state-times.ts';

/** Everything but intents can be found out again, so a burst of changes is one write. */
const SAVE_DELAY_MS = 200;
/** After a write that failed. */
const RETRY_MS = 1_000;

export class StateWriter {
  #file: StateFile;
  #journal: SupervisorContext['journal'];
  #timer: NodeJS.Timeout | null = null;
  #hasFailed = false;
  #isClosed = false;
  #saving: Promise<void> = Promise.resolve();
  #stateNow: (() => KernelState) | null = null;
  #clock: Clock;
  #editsNow: () => SavedEdits;

  /** @param editsNow what is saved next to the state of the kernel */
  constructor(path: string, clock: Clock, journal: SupervisorContext['journal'], editsNow: () => SavedEdits) {
    this.#file = new StateFile(path);
    this.#clock = clock;
    this.#journal = journal;
    this.#editsNow = editsNow;
  }

  /**
   * Resolves when this or a newer state survives the end of the supervisor, or when the write failed (reported once until a
   * write works again). Intents need no more: after a power loss no process is left that an intent could lead to.
   */
  async save(state: KernelState, durability: Durability = 'crash'): Promise<void> {
    if (this.#isClosed) return;
    this.#saving = this.#replace(state, durability);
    await this.#saving;
  }

  async #replace(state: KernelState, durability: Durability): Promise<void> {
    try {
      await this.#file.save(encodeState({ ...state, edits: this.#editsNow() }, markClock(this.#clock)), durability);
      this.#hasFailed = false;
    } catch (error) {
      const message = `The state could not be written: ${errorText(error)}`;
      if (!this.#hasFailed) this.#journal.report({ type: 'state_not_saved', instance: null, message });
      this.#hasFailed = true;
      this.#retryLater();
    }
  }

  /** A full disk may have room by then, although nothing else has changed. */
  #retryLater(): void {
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => this.#writeNow(), RETRY_MS);
    this.#timer.unref();
  }

  #writeNow(): void {
    this.#timer = null;
    if (this.#stateNow) void this.save(this.#stateNow(), 'power_loss');
  }

  /** @param stateNow called at the time of the write, so that many changes are one write */
  saveSoon(stateNow: () => KernelState): void {
    this.#stateNow = stateNow;
    this.#timer ??= setTimeout(() => this.#writeNow(), SAVE_DELAY_MS);
  }

  /** Resolves when the last write is over; nothing is written afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#saving;
  }
}
