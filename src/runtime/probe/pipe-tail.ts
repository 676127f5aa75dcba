// The end of what comes through a pipe that nobody listens to: looked at when it is asked for, and now and then before, so
// that whoever writes much is not held up for long. Most commands say nothing, and cost one timer.
import { closeSync, readSync } from 'node:fs';
import { errnoOf } from '../host.ts';

/** A pipe holds 64 KiB. */
const LOOK_EVERY_MS = 20;
/** When it was full. */
const LOOK_AGAIN_MS = 2;
const CHUNK = Buffer.alloc(65_536);
/** In one look: who floods us is held up instead. */
const MAX_CHUNKS = 4;

export class PipeTail {
  #fd: number;
  #keptBytes: number;
  #tail = Buffer.alloc(0);
  /** Null once it is closed. */
  #timer: NodeJS.Timeout | null;

  /** @param fd our end, non-blocking; closed by `close` */
  constructor(fd: number, keptBytes: number) {
    this.#fd = fd;
    this.#keptBytes = keptBytes;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  text(): string {
    this.#look();
    return this.#tail.toString('utf8');
  }

  close(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    closeSync(this.#fd);
  }

  #look(): void {
    for (let chunks = 0; chunks < MAX_CHUNKS && this.#timer !== null; chunks++) {
      const bytes = this.#read();
      if (bytes === 0) return;
      this.#tail = Buffer.concat([this.#tail, CHUNK.subarray(0, bytes)]).subarray(-this.#keptBytes);
      if (bytes === CHUNK.length) setTimeout(() => this.#look(), LOOK_AGAIN_MS).unref();
    }
  }

  /** @returns 0 at the end, and where there is nothing yet. */
  #read(): number {
    try {
      return readSync(this.#fd, CHUNK);
    } catch (error) {
      if (errnoOf(error) === 'EAGAIN') return 0;
      throw error;
    }
  }
}
