// A stream of the supervisor as an async iterable: keeps what was not read yet, up to a limit.
import { OrchError } from './orch-error.ts';

export type QueueOptions = {
  /** Events that may wait to be read. With `latest`, only the newest one is kept. */
  limit: number;
  latest: boolean;
};

export class EventQueue<T> implements AsyncIterableIterator<T> {
  readonly #options: QueueOptions;
  readonly #onEnd: () => void;
  #readers: { resolve: (result: IteratorResult<T>) => void; reject: (error: unknown) => void }[] = [];
  #items: T[] = [];
  #end: { error: unknown } | null = null;

  /** @param onEnd called once, when the reader stops or the queue is full */
  constructor(options: QueueOptions, onEnd: () => void) {
    this.#options = options;
    this.#onEnd = onEnd;
  }

  push(item: T): void {
    if (this.#end) return;
    const reader = this.#readers.shift();
    if (reader) {
      reader.resolve({ value: item, done: false });
      return;
    }
    if (this.#options.latest) this.#items = [];
    this.#items.push(item);
    if (this.#items.length <= this.#options.limit) return;
    const message = `more than ${this.#options.limit} events were not read`;
    this.end(new OrchError({ code: 'failed', message, hint: 'read them faster, or fewer of them' }));
    this.#onEnd();
  }

  /** @param error null: it ended in order; what waits is still read. */
  end(error: unknown): void {
    if (this.#end) return;
    this.#end = { error };
    for (const { resolve, reject } of this.#readers.splice(0)) {
      if (error === null) resolve({ value: undefined, done: true });
      else reject(error);
    }
  }

  next(): Promise<IteratorResult<T>> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve({ value: item, done: false });
    if (this.#end?.error) return Promise.reject(this.#end.error);
    if (this.#end) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<T>> {
    this.#items = [];
    this.end(null);
    this.#onEnd();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
