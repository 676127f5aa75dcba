// When the next frame is drawn: soon after a key, less often for updates, at the next change of a visible time.
// One timer, none when idle.

/** A key is answered within a thirtieth of a second. */
const KEY_INTERVAL_MS = 33;
/** Updates (status, output, events): at most 10 frames a second. */
const UPDATE_INTERVAL_MS = 100;
/** Uptimes and other clocks on screen: at most once a second. */
export const TICK_INTERVAL_MS = 1000;
/** Drawing may take a fifth of a core: a frame that cost 40 ms is followed by 160 ms of rest. */
const REST_PER_COST = 4;
/** One slow frame (the first, which compiles everything) must not delay the next for long. */
const MAX_REST_MS = 400;

export type FrameUrgency = 'key' | 'update' | 'tick';

export class FrameClock {
  readonly #draw: () => number | null;
  #timer: NodeJS.Timeout | null = null;
  #dueMs = Infinity;
  #lastStartMs = -Infinity;
  #lastCostMs = 0;
  #stopped = false;

  /** @param draw returns when the frame changes by itself (wall clock, ms); null: never. */
  constructor(draw: () => number | null) {
    this.#draw = draw;
  }

  request(urgency: FrameUrgency): void {
    const intervalMs = { key: KEY_INTERVAL_MS, update: UPDATE_INTERVAL_MS, tick: TICK_INTERVAL_MS }[urgency];
    const restMs = urgency === 'key' ? 0 : Math.min(MAX_REST_MS, this.#lastCostMs * (1 + REST_PER_COST));
    this.#drawAt(Math.max(performance.now(), this.#lastStartMs + Math.max(intervalMs, restMs)));
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #drawAt(dueMs: number): void {
    if (this.#stopped || dueMs >= this.#dueMs) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => this.#drawNow(), Math.max(0, dueMs - performance.now()));
  }

  #drawNow(): void {
    this.#dueMs = Infinity;
    this.#timer = null;
    this.#lastStartMs = performance.now();
    const nextChangeMs = this.#draw();
    this.#lastCostMs = performance.now() - this.#lastStartMs;
    if (nextChangeMs === null) return;
    const untilChangeMs = nextChangeMs - Date.now();
    this.#drawAt(Math.max(performance.now() + untilChangeMs, this.#lastStartMs + TICK_INTERVAL_MS));
  }
}
