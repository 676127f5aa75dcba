// All that the view knows about Ink's ways: the terminal that Ink believes in. Ink lays the components out and hands each
// frame over whole; the screen gets its rows. So Ink neither moves the cursor nor erases, and a terminal in CI, without
// colours, or dragged to another size makes no difference to it (decision 0300).
import { EventEmitter } from 'node:events';
import chalk from 'chalk';
import { type Instance, render } from 'ink';
import type { ReactNode } from 'react';

/** Stands in Ink's frame for a prepared line. No text of a component can contain it: control characters are cleaned away. */
const MARK = '\x01';

type InkOutputOptions = {
  columns: number;
  /** 0: none. See `colourLevel`. */
  colourLevel: 0 | 1 | 2 | 3;
  stdin: NodeJS.ReadStream;
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

  /** In Ink's debug mode every write is one complete frame. */
  write(frame: string): boolean {
    const prepared = this.#preparedLines;
    this.#preparedLines = [];
    if (!this.#isOpen) return true;
    let next = 0;
    this.#options.onRows(
      frame.split('\n').map((row) => (row.includes(MARK) ? row.replace(MARK, () => prepared[next++]!) : row)),
    );
    return true;
  }

  /** No frame comes after this. Where `CI` is set, Ink ends with an empty line, which would wipe the picture. */
  close(): void {
    this.#isOpen = false;
    this.#ink?.unmount();
  }
}
