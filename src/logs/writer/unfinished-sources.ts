// Tells readers of lines that have no newline yet: a prompt, a progress bar. Files hold whole lines only.
// Costs nothing while no reader asks.
import { StringDecoder } from 'node:string_decoder';
import type { UnfinishedLine } from '../writer-protocol.ts';
import type { FifoSource } from './fifo-source.ts';

/** A line counts as unfinished once this long has passed since its start; changes are sent this often at most. */
const QUIET_MS = 200;
/** Of one line; more than a screen shows. */
const MAX_TEXT_BYTES = 4096;
const CARRIAGE_RETURN = 0x0d;

type QueueSource = { source: FifoSource; queue: string };

export class UnfinishedSources {
  readonly #watchers = new Set<(line: UnfinishedLine) => void>();
  /** When to send the line of a source, by `Date.now()`. */
  readonly #due = new Map<FifoSource, { queue: string; atMs: number }>();
  readonly #sources: () => Iterable<QueueSource>;
  #timer: NodeJS.Timeout | null = null;

  /** @param sources all that are read, with the names of their queues */
  constructor(sources: () => Iterable<QueueSource>) {
    this.#sources = sources;
  }

  list(): UnfinishedLine[] {
    return [...this.#sources()]
      .filter(({ source }) => source.partialBytes > 0)
      .map(({ source, queue }) => describe(source, queue));
  }

  /** The present lines come at once, each change after a while. @returns the function that ends it. */
  watch(send: (line: UnfinishedLine) => void): () => void {
    this.#watchers.add(send);
    for (const { source, queue } of this.#sources()) this.changed(source, queue);
    return () => void this.#watchers.delete(send);
  }

  /** Bytes were added to the line of the source. */
  changed(source: FifoSource, queue: string): void {
    if (this.#watchers.size === 0 || source.partialBytes === 0 || this.#due.has(source)) return;
    this.#due.set(source, { queue, atMs: Date.now() + QUIET_MS });
    this.#timer ??= setTimeout(() => this.#sendDue(), QUIET_MS);
  }

  #sendDue(): void {
    this.#timer = null;
    const nowMs = Date.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [source, due] of this.#due) {
      // Under a flood, each read ends within a line, of which the rest is about to come.
      const atMs = Math.max(due.atMs, source.partialBegunMs + QUIET_MS);
      const isLate = atMs <= nowMs || atMs > nowMs + QUIET_MS; // the clock may be set
      if (source.partialBytes > 0 && !isLate) nextMs = Math.min(nextMs, atMs);
      else {
        this.#due.delete(source);
        if (source.partialBytes > 0 && this.#watchers.size > 0) this.#send(describe(source, due.queue));
      }
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#sendDue(), nextMs - nowMs);
  }

  #send(line: UnfinishedLine): void {
    for (const send of this.#watchers) send(line);
  }
}

function describe(source: FifoSource, queue: string): UnfinishedLine {
  const { service, instance, stream, partialBegunMs, partial, partialBytes } = source;
  const from = lastPass(partial, partialBytes);
  const bytes = partial.subarray(from, Math.min(partialBytes, from + MAX_TEXT_BYTES));
  const text = new StringDecoder('utf8').write(bytes); // without the start of a character
  return { queue, service, instance, stream, begunMs: partialBegunMs, text };
}

/** Where the last state of a line begins that overwrites itself with carriage returns. */
function lastPass(bytes: Buffer, length: number): number {
  let end = length;
  while (end > 0 && bytes[end - 1] === CARRIAGE_RETURN) end -= 1;
  return end === 0 ? 0 : bytes.lastIndexOf(CARRIAGE_RETURN, end - 1) + 1;
}
