// The last bytes of the output of a command, for the reason of its failure.

const KEPT_BYTES = 4096;

export class OutputTail {
  #bytes: Buffer = Buffer.alloc(0);

  /** @param input read up to `length`, only during the call */
  push(input: Buffer, length: number): void {
    const added = input.subarray(Math.max(0, length - KEPT_BYTES), length);
    this.#bytes = Buffer.concat([this.#bytes, added]).subarray(-KEPT_BYTES);
  }

  text(): string {
    return this.#bytes.toString('utf8');
  }
}
