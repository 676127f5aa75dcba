// All that the view knows about Ink's ways: the terminal that Ink believes in. Ink lays the components out and hands each
// frame over whole; the screen gets its rows. So Ink neither moves the cursor nor erases, and a terminal in CI, without
// colours, or dragged to another size makes no difference to it (decision 0300).
import { EventEmitter } from 'node:events';
import chalk from 'chalk';
import { type Instance, render } from 'ink';
import type { ReactNode } from 'react';
import type { ReadLines } from './components/appearance.ts';

/** Stands in Ink's frame for a prepared line. No text of a component can contain it: control characters are cleaned away. */
const MARK = '\x01';
/** The same for a line that is read for each frame. */
const LIVE_MARK = '\x02';

type InkOutputOptions = {
  columns: number;
  /** 0: none. See `colourLevel`. */
  colourLevel: 0 | 1 | 2 | 3;
  stdin: NodeJS.ReadStream;
  /** Wall clock, ms. */
  now(): number;
  /** A frame: its rows, from the top. */
  onRows(rows: string[]): void;
  onError(error: unknown): void;
};

/** What Ink needs of a stream to write to. `isTTY` is false: Ink then sends no control sequences of its own. */
export class InkOutput extends EventEmitter {
  columns: number;
  readonly isTTY = false;
  readonly #options: InkOutputOptions;
  /** Of the frame that Ink is composing, in the order of its marks. */
  #preparedLines: string[] = [];
  #readLive: ReadLines = noLines;
  /** The last frame of Ink; its live lines are still marks. */
  #frame: { rows: string[]; readLive: ReadLines } = { rows: [], readLive: noLines };
  #ink: Instance | null = null;
  #isOpen = true;

  constructor(options: InkOutputOptions) {
    super();
    this.#options = options;
    this.columns = options.columns;
    chalk.level = options.colourLevel; // Ink's own guess asks the environment, not the user's choice
  }

  /** Draws `app` in the place of what was there. */
  show(app: ReactNode, columns: number): void {
    this.columns = columns;
    if (this.#ink !== null) {
      this.#ink.rerender(app);
      return;
    }
    const { stdin, onError } = this.#options;
    const stdout = this as unknown as NodeJS.WriteStream;
    this.#ink = render(app, {
      stdout,
      stdin,
      debug: true, // every frame whole, at once, and nothing else
      exitOnCtrlC: false,
      patchConsole: false,
    });
    this.#ink.waitUntilExit().catch(onError);
  }

  /** Called while Ink composes a frame: keeps the line for it. @returns what Ink shall draw in its place. */
  readonly place = (preparedLine: string): string => {
    this.#preparedLines.push(preparedLine);
    return MARK;
  };

  /** The same for a line that may be another one in the next frame, whether Ink draws that or not. */
  readonly placeLive = (read: ReadLines): string => {
    this.#readLive = read;
    return LIVE_MARK;
  };

  /** In Ink's debug mode every write is one complete frame. */
  write(frame: string): boolean {
    const prepared = this.#preparedLines;
    const rows = frame.split('\n').map(filler(MARK, () => prepared));
    this.#frame = { rows, readLive: this.#readLive };
    this.#preparedLines = [];
    this.#readLive = noLines;
    this.refresh();
    return true;
  }

  /** The last frame again, with the live lines of now. Ink has no part in it, nor have the components. */
  refresh(): void {
    if (!this.#isOpen) return;
    const { rows, readLive } = this.#frame;
    this.#options.onRows(rows.map(filler(LIVE_MARK, () => readLive(this.#options.now()))));
  }

  /** No frame comes after this. Where `CI` is set, Ink ends with an empty line, which would wipe the picture. */
  close(): void {
    this.#isOpen = false;
    this.#ink?.unmount();
  }
}

const noLines: ReadLines = () => [];

/** Puts lines in the place of their marks, row by row. @param read called if there is a mark */
function filler(mark: string, read: () => readonly string[]): (row: string) => string {
  let lines: readonly string[] | null = null;
  let next = 0;
  return (row) => {
    if (!row.includes(mark)) return row;
    lines ??= read();
    const line = lines[next++];
    // Ink leaves no blanks at the end of a row.
    return line === undefined ? row.replace(mark, '').trimEnd() : row.replace(mark, () => line);
  };
}
