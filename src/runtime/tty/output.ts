// Writes what a terminal prints to a descriptor, in order, and lets the terminal wait while that is full: the program then
// blocks, as it would on a pipe.
import { createWriteStream, type WriteStream } from 'node:fs';

export class Output {
  #stream: WriteStream;
  #source: { pause(): void; resume(): void };

  constructor(fd: number, source: { pause(): void; resume(): void }) {
    this.#source = source;
    // In the thread pool: a blocking write would hold up signals and typed keys.
    this.#stream = createWriteStream('', { fd, autoClose: false });
    this.#stream.on('drain', () => this.#source.resume());
    this.#stream.on('error', () => this.#source.resume()); // nobody reads any more: the program goes on
  }

  write(chunk: Buffer): void {
    if (!this.#stream.write(chunk)) this.#source.pause();
  }

  /** Resolves when everything is written, or cannot be. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#stream.once('error', () => resolve());
      this.#stream.end(() => resolve());
    });
  }
}
