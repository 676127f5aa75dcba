// Draws the state of the view: by the components where it has changed, else only the output that streams by, which is read
// again for each frame and costs a tenth of a frame of Ink.
import type { Key } from 'ink';
import { App } from './app.tsx';
import { type Appearance, appearanceOf } from './components/appearance.ts';
import { TICK_INTERVAL_MS } from './frame-clock.ts';
import { InkOutput } from './ink-output.ts';
import type { LogView } from './model/log-ring.ts';
import type { TerminalSize, UiState } from './model/state.ts';
import type { TuiOptions } from './tui-options.ts';
import { nextChangeMs } from './view/next-change.ts';
import type { Glyphs } from './view/theme.ts';
import { colourLevel } from './view/themes.ts';

type FramesOptions = Pick<TuiOptions, 'colour' | 'theme' | 'stdin'> & {
  size: TerminalSize;
  log: LogView;
  onRows(rows: string[]): void;
  onInput(input: string, key: Key): void;
  onError(error: unknown): void;
};

export class Frames {
  readonly #options: FramesOptions;
  readonly #output: InkOutput;
  readonly #appearance: Appearance;
  /** What the components show, since when, and when the same state will look different (null: never). */
  #drawn: { state: UiState | null; atMs: number; changesMs: number | null } = { state: null, atMs: 0, changesMs: null };

  constructor(options: FramesOptions) {
    this.#options = options;
    const { size, colour, stdin, onRows, onError } = options;
    this.#output = new InkOutput({
      columns: size.columns,
      colourLevel: colour ? colourLevel(process.env) : 0,
      stdin,
      now: Date.now,
      onRows,
      onError,
    });
    this.#appearance = appearanceOf(options, process.env, this.#output);
  }

  get glyphs(): Glyphs {
    return this.#appearance.glyphs;
  }

  /** @returns when the same state will look different; null: never. */
  draw(state: UiState): number | null {
    const nowMs = Date.now();
    if (this.#drawn.state === state && !this.#hasChanged(nowMs)) this.#output.refresh();
    else this.#drawAll(state, nowMs);
    return this.#drawn.changesMs;
  }

  close(): void {
    this.#output.close();
  }

  /** A clock on the screen shows another time. */
  #hasChanged(nowMs: number): boolean {
    const { atMs, changesMs } = this.#drawn;
    return changesMs !== null && nowMs >= Math.max(changesMs, atMs + TICK_INTERVAL_MS);
  }

  #drawAll(state: UiState, nowMs: number): void {
    const { log, onInput } = this.#options;
    const app = <App state={state} log={log} nowMs={nowMs} appearance={this.#appearance} onInput={onInput} />;
    this.#output.show(app, state.size.columns);
    this.#drawn = { state, atMs: nowMs, changesMs: nextChangeMs(state, nowMs) };
  }
}
