// Keeps the kernel's state on disk: at once for intents, soon for everything else. A disk that fails never stops the
// supervision: the processes can be found by their nonce without it.
import type { Clock } from '../../os/clock.ts';
import { errorText } from '../../os/errors.ts';
import { type Durability, StateFile } from '../../os/state-file.ts';
import type { EventDraft } from '../kernel/events.ts';
import type { KernelState } from '../kernel/kernel.ts';
import { encodeState } from './previous-state.ts';
import { markClock } from './state-times.ts';

/** Intents are saved at once; what else changed can be found out again, so a burst of it is one write. */
const SAVE_DELAY_MS = 200;
/** After a write that failed. */
const RETRY_MS = 1_000;

export class StateWriter {
  #file: StateFile;
  #report: (happening: EventDraft) => void;
  #timer: NodeJS.Timeout | null = null;
  #hasFailed = false;
  #isClosed = false;
  #saving: Promise<void> = Promise.resolve();
  #stateNow: (() => KernelState) | null = null;
  #clock: Clock;

  constructor(path: string, clock: Clock, report: (happening: EventDraft) => void) {
    this.#file = new StateFile(path);
    this.#clock = clock;
    this.#report = report;
  }

  /**
   * For intents: resolves when this or a newer state survives the end of the supervisor, or could not be made so (reported
   * once until it works again). After a power loss no process is left that an intent could lead to.
   */
  async save(state: KernelState): Promise<void> {
    await this.#write(state, 'crash');
  }

  async #write(state: KernelState, durability: Durability): Promise<void> {
    if (this.#isClosed) return;
    this.#saving = this.#replace(state, durability);
    await this.#saving;
  }

  async #replace(state: KernelState, durability: Durability): Promise<void> {
    try {
      await this.#file.save(encodeState(state, markClock(this.#clock)), durability);
      this.#hasFailed = false;
    } catch (error) {
      const message = `The state could not be written: ${errorText(error)}`;
      if (!this.#hasFailed) this.#report({ type: 'state_not_saved', instance: null, message, details: {} });
      this.#hasFailed = true;
      this.#retryLater();
    }
  }

  /** A disk that was full may have room by now, although nothing else changed since. */
  #retryLater(): void {
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => this.#writeNow(), RETRY_MS);
    this.#timer.unref();
  }

  #writeNow(): void {
    this.#timer = null;
    if (this.#stateNow) void this.#write(this.#stateNow(), 'power_loss');
  }

  /** @param stateNow read when the time has come, so that many changes are one write. */
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
