// The newest lines of the output that is on screen, kept outside React with a bound on lines and on characters.
// Lines are cleaned when they come in, so that whatever is read from here may be drawn.
import { styledText, withoutSgr } from './sanitize.ts';

/** What a reader of the log files delivers. */
export type SourceLine = { timeMs: number; service: string; instance: string; stream: 'o' | 'e'; line: string };
/** `seq` counts up without gaps as long as the ring lives. */
export type KeptLine = SourceLine & { seq: number };
/** null: every line. */
export type LinePattern = RegExp | null;

/** The reading side, all that views and the reducer get to see. */
export type LogView = {
  readonly size: number;
  readonly lastSeq: number;
  /** The newest `count` matching lines that are not newer than `bottomSeq` (null: the newest there is), oldest first. */
  window(bottomSeq: number | null, count: number, pattern: LinePattern): KeptLine[];
  /** The `bottomSeq` that is `delta` matching lines further (down positive); null when that reaches the newest line. */
  step(bottomSeq: number | null, delta: number, pattern: LinePattern): number | null;
  /** `bottomSeq` of a window whose first line is the oldest matching one. */
  top(count: number, pattern: LinePattern): number | null;
};

const MAX_LINES = 5000;
const MAX_CHARS = 4 * 1024 * 1024;
/** What is kept of one line. A screen shows less; a line of 1 MiB must not cost a megabyte per frame. */
const MAX_LINE_CHARS = 4096;

export class LogRing implements LogView {
  private lines: KeptLine[] = [];
  /** Index of the oldest line in `lines`; those before it are dropped in bulk. */
  private first = 0;
  private chars = 0;
  private nextSeq = 0;

  get size(): number {
    return this.lines.length - this.first;
  }

  get lastSeq(): number {
    return this.nextSeq - 1;
  }

  push(added: readonly SourceLine[]): void {
    for (const source of added.length > MAX_LINES ? added.slice(-MAX_LINES) : added) {
      const line = ownCopy(styledText(source.line.slice(0, MAX_LINE_CHARS)));
      this.lines.push({ ...source, line, seq: this.nextSeq++ });
      this.chars += line.length;
    }
    while (this.size > MAX_LINES || (this.chars > MAX_CHARS && this.size > 1)) {
      this.chars -= this.lines[this.first++]!.line.length;
    }
    if (this.first > MAX_LINES) this.compact();
  }

  clear(): void {
    this.lines = [];
    this.first = 0;
    this.chars = 0;
  }

  window(bottomSeq: number | null, count: number, pattern: LinePattern): KeptLine[] {
    const found: KeptLine[] = [];
    for (let index = this.indexOf(bottomSeq); index >= this.first && found.length < count; index--) {
      const line = this.lines[index]!;
      if (matches(line, pattern)) found.push(line);
    }
    return found.reverse();
  }

  step(bottomSeq: number | null, delta: number, pattern: LinePattern): number | null {
    // From the line that is seen at the bottom: one that matches.
    let index = this.nextMatch(this.indexOf(bottomSeq) + 1, -1, pattern) ?? this.indexOf(bottomSeq);
    for (let left = Math.abs(delta); left > 0; left--) {
      const next = this.nextMatch(index, Math.sign(delta), pattern);
      if (next === null) return delta > 0 ? null : (this.lines[index]?.seq ?? null);
      index = next;
    }
    const isNewest = this.nextMatch(index, 1, pattern) === null;
    return isNewest && delta > 0 ? null : (this.lines[index]?.seq ?? null);
  }

  top(count: number, pattern: LinePattern): number | null {
    let seen = 0;
    for (let index = this.first; index < this.lines.length; index++) {
      if (matches(this.lines[index]!, pattern) && ++seen === count) return this.lines[index]!.seq;
    }
    return null;
  }

  private nextMatch(from: number, direction: number, pattern: LinePattern): number | null {
    for (let index = from + direction; index >= this.first && index < this.lines.length; index += direction) {
      if (matches(this.lines[index]!, pattern)) return index;
    }
    return null;
  }

  /** Where `seq` lies in `lines`; the oldest line when it was dropped already. */
  private indexOf(seq: number | null): number {
    const last = this.lines.length - 1;
    return seq === null ? last : Math.max(Math.min(last, this.first), last - (this.lastSeq - seq));
  }

  private compact(): void {
    this.lines = this.lines.slice(this.first);
    this.first = 0;
  }
}

/** A slice of a string keeps the whole of it in memory (V8): a short line must not hold the chunk that it was read from. */
function ownCopy(text: string): string {
  return Buffer.from(text).toString();
}

function matches(line: KeptLine, pattern: LinePattern): boolean {
  return pattern === null || pattern.test(withoutSgr(line.line)) || pattern.test(line.instance);
}

/** What the user typed as a search: a regular expression where it is one, else the text itself; case matters only when
 * the user typed upper case. */
export function searchPattern(text: string): LinePattern {
  if (text === '') return null;
  const flags = /[A-Z]/.test(text) ? '' : 'i';
  try {
    return new RegExp(text, flags);
  } catch {
    return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), flags); // an unfinished expression, such as `(`
  }
}
