// The modes of the terminal: alternate screen, hidden cursor, no wrapping, the mouse; restored on every way out. Does not know what
// is drawn.
import type { TerminalSize } from './model/state.ts';
import { Painter } from './painter.ts';

/** 1049: alternate screen, cursor saved. 25: cursor. 7: wrapping; a row that a terminal measures wider
 * must not wrap. 2004: pasted text comes in brackets, so that it does not act as keys. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h';
/** 1000: buttons and wheel. 1002: movement while a button is down as well. 1006: reports in the form SGR. */
const MOUSE_ON = '\x1b[?1000h\x1b[?1002h\x1b[?1006h';
const MOUSE_OFF = '\x1b[?1006l\x1b[?1002l\x1b[?1000l';
const LEAVE = `\x1b[0m${MOUSE_OFF}\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l`;

/** For an unknown size: some pseudo-terminals report 0 × 0. */
const FALLBACK: TerminalSize = { columns: 80, rows: 24 };
/** Foreign writes to stderr that are kept until the normal screen is back. */
const MAX_PENDING_CHARS = 64 * 1024;

export class Screen {
  readonly #stdout: NodeJS.WriteStream;
  readonly #stdin: NodeJS.ReadStream;
  readonly #painter = new Painter();
  #isActive = false;
  #hasMouse = false;
  #releaseStderr: () => void = () => undefined;
  /** For `exit`, which every end but SIGKILL emits. */
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
    this.#stdout.write(this.#enterSequence);
  }

  get #enterSequence(): string {
    return this.#hasMouse ? ENTER + MOUSE_ON : ENTER;
  }

  /** Whether the terminal reports the mouse. While the normal screen is shown, it never does. */
  setMouse(isReported: boolean): void {
    if (isReported === this.#hasMouse) return;
    this.#hasMouse = isReported;
    if (this.#isActive) this.#stdout.write(isReported ? MOUSE_ON : MOUSE_OFF);
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

  /** Does nothing while the normal screen is shown. */
  paint(rows: readonly string[]): void {
    if (!this.#isActive) return;
    const bytes = this.#painter.paint(rows);
    if (bytes !== '') this.#stdout.write(bytes);
  }

  /** The next paint draws everything: after a resize, or when another program wrote to the terminal. */
  forget(): void {
    this.#painter.invalidate();
  }

  /**
   * Gives the terminal to the shell until the user resumes this process (`fg`). Synchronous: kill returns after SIGCONT, or
   * at once without job control.
   */
  suspend(): void {
    this.restore();
    process.kill(0, 'SIGTSTP');
    this.resume();
  }

  /** After SIGCONT the shell may have changed the terminal's modes: set them again. */
  resume(): void {
    this.setRaw(false);
    this.setRaw(true);
    this.#painter.invalidate();
    if (this.#isActive) this.#stdout.write(this.#enterSequence);
    else this.enter();
  }
}

/** Warnings of Node or of a library would be printed into the frame. They are printed when the normal screen is back. */
function bufferStderr(): () => void {
  const { stderr } = process;
  if (!stderr.isTTY) return () => undefined;
  const write = stderr.write;
  let pending = '';
  stderr.write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
    pending = (pending + (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString())).slice(-MAX_PENDING_CHARS);
    const callback = rest.find((each) => typeof each === 'function') as (() => void) | undefined;
    callback?.();
    return true;
  }) as typeof stderr.write;
  return () => {
    stderr.write = write;
    if (pending !== '') stderr.write(pending);
  };
}
