// Cuts a byte stream into lines of limited length. Decodes whole lines only: a chunk may end within a character.

const NEWLINE = 0x0a;

export class LineSplitter {
  #parts: Buffer[] = [];
  #pendingBytes = 0;
  readonly #maxLineBytes: number;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /**
   * Calls `onLine` for every line that `chunk` completes, without its newline; empty lines are skipped.
   * @returns false once a line exceeds the limit: the stream is then unusable.
   */
  push(chunk: Buffer, onLine: (line: string) => void): boolean {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      if (this.#pendingBytes + at - from > this.#maxLineBytes) return false;
      const line = this.#takeLine(chunk.subarray(from, at));
      from = at + 1;
      if (line !== '') onLine(line);
    }
    return this.#keepRest(chunk.subarray(from));
  }

  #takeLine(end: Buffer): string {
    if (this.#parts.length === 0) return end.toString('utf8');
    const line = Buffer.concat([...this.#parts, end]).toString('utf8');
    this.#parts = [];
    this.#pendingBytes = 0;
    return line;
  }

  #keepRest(rest: Buffer): boolean {
    if (rest.length === 0) return true;
    this.#parts.push(rest);
    this.#pendingBytes += rest.length;
    return this.#pendingBytes <= this.#maxLineBytes;
  }
}
