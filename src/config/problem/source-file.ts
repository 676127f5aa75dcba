// One text file of a configuration, and places in it. Lines are computed only for the first position that is needed.

/** A stretch of a file, in UTF-16 offsets; `end` is the offset after the last character. */
export type Span = { source: SourceFile; start: number; end: number };

export class SourceFile {
  /** Absolute. */
  readonly path: string;
  /** For messages: relative to the directory of procs.yaml. */
  readonly display: string;
  readonly text: string;
  #lineStarts: number[] | null = null;

  constructor(path: string, display: string, text: string) {
    this.path = path;
    this.display = display;
    this.text = text;
  }

  /** Line and column (both from 1, columns in UTF-16 units) of an offset; one past the end is allowed. */
  locate(offset: number): { line: number; column: number } {
    const starts = this.#starts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - starts[low]! + 1 };
  }

  /** The text of a line (from 1), without its line break. */
  line(number: number): string {
    const starts = this.#starts();
    const end = starts[number] ?? this.text.length;
    return this.text.slice(starts[number - 1] ?? end, end).replace(/\r?\n$/, '');
  }

  /** Offset of the first character of a line (from 1). */
  offsetOf(line: number): number {
    return this.#starts()[line - 1] ?? this.text.length;
  }

  #starts(): number[] {
    if (this.#lineStarts) return this.#lineStarts;
    const starts = [0];
    for (let at = this.text.indexOf('\n'); at !== -1; at = this.text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#lineStarts = starts;
    return starts;
  }
}

export const spanAt = (source: SourceFile, start: number, end = start): Span => ({ source, start, end });

/** `procs.yaml:12`, for mentioning a second place in a message. */
export function describePlace(span: Span): string {
  return `${span.source.display}:${span.source.locate(span.start).line}`;
}
