// Prints lines as they come, and shows lines that have no newline yet. In a terminal, those stand below the others and are
// replaced. In a pipe, the newest one is printed without its newline, and its rest follows: nothing is printed twice.
import { type LogLine, streamOf } from '../../logs/reader/log-line.ts';
import type { UnfinishedLogLine } from '../../logs/reader/unfinished-lines.ts';
import { clip } from '../../terminal/width.ts';
import type { CliContext } from '../context/context.ts';
import { pacedWrite } from './log-output.ts';

/** The end of a piece of a line; the log writer splits long lines in the same way. */
const GOES_ON = ' … (line goes on)\n';
/** The newest ones. */
const MAX_SHOWN = 5;

type LineFormat = (line: LogLine) => string;

export class LineOutput {
  readonly #stdout: CliContext['stdout'];
  readonly #shown: RedrawnTail | AppendedTail;

  /** @param format returns a text that ends with a newline */
  constructor({ stdout }: Pick<CliContext, 'stdout'>, format: LineFormat) {
    this.#stdout = stdout;
    this.#shown = stdout.isTTY === true ? new RedrawnTail(stdout, format) : new AppendedTail(format);
  }

  /**
   * @param unfinished the lines that are unfinished after these
   * @returns undefined: there is room for more; else resolves once there is
   */
  lines(lines: readonly LogLine[], unfinished: UnfinishedLogLine[] = []): Promise<void> | undefined {
    const { before, after } = this.#shown.around(unfinished);
    const text = this.#shown.format(lines);
    return pacedWrite(this.#stdout, before + text + after);
  }

  /** Other text, which ends with a newline. */
  text(text: string): void {
    this.#stdout.write(this.#shown.interrupt(text));
  }

  unfinished(lines: UnfinishedLogLine[]): void {
    const text = this.#shown.update(lines);
    if (text !== '') this.#stdout.write(text);
  }
}

/** The unfinished lines are the last rows. A row never wraps, so that it can be removed. */
class RedrawnTail {
  readonly #stdout: CliContext['stdout'];
  readonly #format: LineFormat;
  #rows: string[] = [];

  constructor(stdout: CliContext['stdout'], format: LineFormat) {
    this.#stdout = stdout;
    this.#format = format;
  }

  format(lines: readonly LogLine[]): string {
    return lines.map(this.#format).join('');
  }

  around(unfinished: UnfinishedLogLine[]): { before: string; after: string } {
    const before = this.#clear();
    const columns = (this.#stdout.columns ?? 80) - 1;
    this.#rows = unfinished
      .slice(-MAX_SHOWN)
      .map((line) => clip(this.#format(line).slice(0, -1).replaceAll('\t', ' '), columns));
    return { before, after: this.#rows.join('\n') };
  }

  update(unfinished: UnfinishedLogLine[]): string {
    const { before, after } = this.around(unfinished);
    return before + after;
  }

  interrupt(text: string): string {
    return this.#clear() + text + this.#rows.join('\n');
  }

  #clear(): string {
    const rows = this.#rows.length;
    if (rows === 0) return '';
    return `\r${rows > 1 ? `\x1b[${rows - 1}A` : ''}\x1b[J`;
  }
}

/** One line at most is open: its start is the end of the output. */
class AppendedTail {
  readonly #format: LineFormat;
  #open: UnfinishedLogLine | null = null;
  /** Begun lines, by stream; what of each is printed. */
  readonly #printed = new Map<string, UnfinishedLogLine>();

  constructor(format: LineFormat) {
    this.#format = format;
  }

  format(lines: readonly LogLine[]): string {
    return lines.map((line) => this.#next(line)).join('');
  }

  around(unfinished: UnfinishedLogLine[]): { before: string; after: string } {
    void unfinished; // the next change prints them
    return { before: '', after: '' };
  }

  /** Prints more of the open line, or opens the newest one. */
  update(unfinished: UnfinishedLogLine[]): string {
    const newest = unfinished.at(-1);
    if (newest === undefined) return '';
    if (this.#open !== null) {
      const grown = unfinished.find((line) => isSameLine(line, this.#open!));
      return grown === undefined ? '' : this.#grow(this.#open, grown);
    }
    const printed = this.#printed.get(streamOf(newest));
    if (printed !== undefined && isSameLine(printed, newest)) return ''; // its rest comes when it is finished
    this.#keep(newest);
    return this.#format(newest).slice(0, -1);
  }

  interrupt(text: string): string {
    return this.#end() + text;
  }

  #next(line: LogLine): string {
    const printed = this.#printed.get(streamOf(line));
    if (printed === undefined || line.timeMs <= printed.timeMs) return this.#end() + this.#format(line);
    this.#printed.delete(streamOf(line));
    const isOpen = this.#open === printed;
    if (isOpen) {
      const rest = restOf(this.#format(printed).slice(0, -1), this.#format({ ...line, timeMs: printed.timeMs }));
      if (rest !== null) this.#open = null;
      if (rest !== null) return rest;
    }
    const rest = restOf(printed.line, line.line);
    return this.#end() + this.#format(rest === null ? line : { ...line, line: rest });
  }

  /** Of a line that overwrites itself, only the first state is printed. */
  #grow(open: UnfinishedLogLine, grown: UnfinishedLogLine): string {
    const rest = restOf(this.#format(open).slice(0, -1), this.#format(grown).slice(0, -1));
    if (rest === null) return '';
    this.#keep(grown);
    return rest;
  }

  #keep(line: UnfinishedLogLine): void {
    this.#open = line;
    this.#printed.set(streamOf(line), line);
  }

  #end(): string {
    const end = this.#open === null ? '' : GOES_ON;
    this.#open = null;
    return end;
  }
}

const isSameLine = (a: LogLine, b: LogLine) => streamOf(a) === streamOf(b) && a.timeMs === b.timeMs;

/** @returns null: the text does not continue the start */
function restOf(start: string, text: string): string | null {
  return text.startsWith(start) ? text.slice(start.length) : null;
}
