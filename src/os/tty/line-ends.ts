// The log of a terminal holds the lines that the program wrote: a terminal ends each with a carriage return and a newline.

const RETURN = 0x0d;

export class LineEnds {
  /** The last chunk ended with a carriage return: a newline may follow. */
  #holdsReturn = false;

  /** @returns the chunk with `\n` in place of `\r\n`; a return at its end is kept back until `convert` or `rest` */
  convert(chunk: Buffer): Buffer {
    const bytes = this.#holdsReturn ? Buffer.concat([Buffer.of(RETURN), chunk]) : chunk;
    this.#holdsReturn = bytes.at(-1) === RETURN;
    const whole = this.#holdsReturn ? bytes.subarray(0, -1) : bytes;
    // One character per byte.
    return whole.includes(RETURN) ? Buffer.from(whole.toString('latin1').replaceAll('\r\n', '\n'), 'latin1') : whole;
  }

  /** What was kept back. */
  rest(): Buffer {
    return this.#holdsReturn ? Buffer.of(RETURN) : Buffer.alloc(0);
  }
}
