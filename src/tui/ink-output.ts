// The terminal that Ink believes in: it takes whole frames and hands their rows on. Ink lays out, the screen paints;
// so Ink neither moves the cursor nor erases, and a terminal in CI or without colours makes no difference to it.
import { EventEmitter } from 'node:events';

/** What Ink needs of a stream to write to. `isTTY` is false: Ink then sends no control sequences of its own. */
export class InkOutput extends EventEmitter {
  columns: number;
  readonly isTTY = false;
  readonly #onFrame: (rows: string[]) => void;
  #isOpen = true;

  constructor(columns: number, onFrame: (rows: string[]) => void) {
    super();
    this.columns = columns;
    this.#onFrame = onFrame;
  }

  /** In Ink's debug mode every write is one complete frame. */
  write(frame: string): boolean {
    if (this.#isOpen) this.#onFrame(frame.split('\n'));
    return true;
  }

  /** No frame comes after this. Where `CI` is set, Ink ends with an empty line, which would wipe the picture. */
  close(): void {
    this.#isOpen = false;
  }
}
