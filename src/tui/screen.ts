// The terminal while the interface is on it: alternate screen, hidden cursor, no wrapping; and all of it given back on
// every way out. Knows nothing of what is drawn.

import type { TerminalSize } from './model/state.ts';
import { Painter } from './painter.ts';

/** 1049: alternate screen, cursor saved. 25: cursor. 7: wrapping; a row that a terminal measures wider
 * must not spill. 2004: pasted text comes in brackets, so that it does not act as keys. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h';
const LEAVE = '\x1b[0m\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l';

/** Where the size is unknown (0 × 0, as some pseudo-terminals say). */
const FALLBACK: TerminalSize = { columns: 80, rows: 24 };
/** What is kept of foreign writes to stderr until the normal screen is back. */
const MAX_PENDING_CHARS = 64 * 1024;

export class Screen {
  readonly #stdout: NodeJS.WriteStream;
  readonly #stdin: NodeJS.ReadStream;
  readonly #painter = new Painter();
  #isActive = false;
  #releaseStderr: () => void = () => undefined;
  /** For `exit`, which comes however the process ends but by SIGKILL. */
  readonly #onExit = () => this.restore();

  constructor(stdout: NodeJS.WriteStream, stdin: NodeJS.ReadStream) {
    this.#stdout = stdout;
    this.#stdin = stdin;
  }

  get size(): TerminalSize {
    return { columns: this.#stdout.columns || FALLBACK.columns, rows: this.#stdout.rows || FALLBACK.rows };
  }

  /** Idempotent. */
  enter(): void {
    if (this.#isActive) return;
    this.#isActive = true;
    this.#painter.invalidate();
    this.#releaseStderr = bufferStderr();
    process.on('exit', this.#onExit);
    this.#stdout.write(ENTER);
  }

  /** Back to the normal screen as it was; raw mode stays as it is. Idempotent. */
  leave(): void {
    if (!this.#isActive) return;
    this.#isActive = false;
    this.#stdout.write(LEAVE);
    process.off('exit', this.#onExit);
    this.#releaseStderr();
  }

  /** The normal screen and the terminal's own line editing. */
  restore(): void {
    this.leave();
    this.setRaw(false);
  }

  setRaw(raw: boolean): void {
    if (this.#stdin.isTTY && !this.#stdin.destroyed) this.#stdin.setRawMode(raw);
  }

  /** Nothing happens while the normal screen is shown. */
  paint(rows: readonly string[]): void {
    if (!this.#isActive) return;
    const bytes = this.#painter.paint(rows);
    if (bytes !== '') this.#stdout.write(bytes);
  }

  /** After a resize, or when something else wrote to the terminal. */
  forget(): void {
    this.#painter.invalidate();
  }

  /**
   * Gives the terminal to the shell until the user comes back (`fg`). Synchronous: kill returns after SIGCONT, or at once
   * where nobody does job control.
   */
  suspend(): void {
    this.restore();
    process.kill(0, 'SIGTSTP');
    this.resume();
  }

  /** After SIGCONT the shell may have changed the terminal's modes: set them anew. */
  resume(): void {
    this.setRaw(false);
    this.setRaw(true);
    this.#painter.invalidate();
    if (this.#isActive) this.#stdout.write(ENTER);
    else this.enter();
  }
}

/** Warnings of Node or of a library would be printed right into the picture. They come when it is gone. */
function bufferStderr(): () => void {
  const { stderr } = process;
  if (!stderr.isTTY) return () => undefined;
  const write = stderr.write;
  let held = '';
  stderr.write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
    held = (held + (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString())).slice(-MAX_PENDING_CHARS);
    const callback = rest.find((each) => typeof each === 'function') as (() => void) | undefined;
    callback?.();
    return true;
  }) as typeof stderr.write;
  return () => {
    stderr.write = write;
    if (held !== '') stderr.write(held);
  };
}
