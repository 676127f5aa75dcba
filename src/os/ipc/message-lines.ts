// Cuts the bytes of an IPC channel into lines of limited length. A longer line is skipped up to its end: what a program sends
// must not cost memory here.

const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);

/** No message that orch waits for is longer: `MAX_MESSAGE_LENGTH` of the configuration, in JSON. */
export const MAX_LINE_BYTES = 16 * 1024;

export class MessageLines {
  #start = NOTHING;
  #isSkipping = false;

  /**
   * Calls `onLine` for every line that the chunk completes, without its newline.
   * @returns whether a line was found to be too long
   */
  push(chunk: Buffer, onLine: (line: Buffer) => void): boolean {
    let isTooLong = false;
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      const line = this.#add(chunk.subarray(from, at));
      if (line !== null) onLine(line);
      else isTooLong = true;
      this.#start = NOTHING;
      this.#isSkipping = false;
      from = at + 1;
    }
    return this.#add(chunk.subarray(from)) === null || isTooLong;
  }

  /** @returns the line so far; null: it is too long */
  #add(part: Buffer): Buffer | null {
    if (this.#isSkipping || this.#start.length + part.length > MAX_LINE_BYTES) {
      this.#isSkipping = true;
      this.#start = NOTHING;
      return null;
    }
    // A copy: the part belongs to a large buffer.
    this.#start = Buffer.concat([this.#start, part]);
    return this.#start;
  }
}
