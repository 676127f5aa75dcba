// Follows queues while they are written, also when their files are rotated, deleted or recreated. Idle, it costs one stat
// per second and directory; it keeps the lines of one read at most and does not affect the writer.
import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import type { LogLine } from './log-line.ts';
import { QueueTail } from './queue-tail.ts';
import { type LogSelection, lineFilter, type ReadOptions, readSegments } from './read-logs.ts';
import type { LogQueueFile } from './segment.ts';

export type FollowOptions = LogSelection & {
  /** The queues whose existing lines are read; default: all. */
  past?: LogQueueFile[];
  /** How many existing lines come first. */
  tail: number;
  sinceMs?: number | null;
  grep?: RegExp | null;
  /** A reader this far behind skips ahead and gets a line (`gap`) that reports it; default: no line is skipped. */
  skipWhenBehindBytes?: number;
  /** All existing lines have been delivered. */
  onCaughtUp?(): void;
  /** Lines in time order (across queues: within one read). The next call waits for the returned promise. */
  onLines(lines: LogLine[]): void | Promise<void>;
};

export type LogFollower = { close(): void };

/** A burst is read at most this often. */
const READ_EVERY_MS = 40;

/** Starts at once and runs until `close`. */
export function followLogs(options: FollowOptions): LogFollower {
  const follower = new QueueFollower(options);
  void follower.run();
  return follower;
}

class QueueFollower implements LogFollower {
  readonly #options: FollowOptions;
  readonly #read: ReadOptions;
  readonly #tails: QueueTail[];
  readonly #watcher: QueueWatcher;
  #closed = false;

  constructor(options: FollowOptions) {
    this.#options = options;
    const { queues, instances, tail, sinceMs = null, grep = null, decoding = 'utf8' } = options;
    const readExisting = sinceMs !== null && tail === 0 ? null : tail;
    this.#read = { queues, instances, tail: readExisting, sinceMs, untilMs: null, grep, decoding };
    const only = instances?.size === 1 ? [...instances][0]! : null;
    const request = { skipAboveBytes: options.skipWhenBehindBytes ?? null, only };
    this.#tails = queues.map((queue) => new QueueTail(queue, decoding, request));
    this.#watcher = new QueueWatcher(queues.map((queue) => queue.path));
  }

  async run(): Promise<void> {
    await this.#readExisting();
    if (!this.#closed) this.#options.onCaughtUp?.();
    const passes = lineFilter(this.#read);
    while (!this.#closed) {
      const beganMs = performance.now();
      const lines = (await this.#readAll()).filter((line) => isSkipMark(line) || passes(line));
      if (lines.length > 0 && !this.#closed) await this.#options.onLines(lines);
      if (this.#closed) break;
      if (this.#tails.some((tail) => tail.hasMore())) {
        await nextTick(); // all of the above may have been synchronous: lets signals and sockets in
        continue;
      }
      await this.#watcher.wait(Math.max(0, READ_EVERY_MS - (performance.now() - beganMs)));
    }
    for (const tail of this.#tails) tail.close();
  }

  close(): void {
    this.#closed = true;
    for (const tail of this.#tails) tail.stopExisting();
    this.#watcher.close();
  }

  /** The lines written before; the tails continue exactly where these end. */
  async #readExisting(): Promise<void> {
    const { queues, past = queues } = this.#options;
    const segments = this.#tails.map((tail) => tail.begin(this.#read.sinceMs ?? 0));
    const wanted = segments.filter((_, at) => past.includes(queues[at]!));
    for await (const lines of readSegments(wanted, this.#read)) {
      if (this.#closed) break;
      await this.#options.onLines(lines);
    }
    for (const tail of this.#tails) tail.closeExisting();
  }

  async #readAll(): Promise<LogLine[]> {
    const perQueue: LogLine[][] = [];
    for (const tail of this.#tails) perQueue.push(await tail.read());
    const filled = perQueue.filter((lines) => lines.length > 0);
    if (filled.length <= 1) return filled[0] ?? [];
    return filled.flat().sort((a, b) => a.timeMs - b.timeMs); // stable: a queue's own order stays
  }
}

/** A line of the reader itself: how much it skipped. */
export function isSkipMark(line: LogLine): boolean {
  return line.instance === '' && line.gap !== undefined;
}

const POLL_EVERY_MS = 1000;

/** Wakes a reader when a queue file may have changed: uses fs.watch where available, and polls every second. */
class QueueWatcher {
  readonly #directories: Set<string>;
  readonly #watchers = new Map<string, { watcher: FSWatcher; inode: number }>();
  #pending = false;
  #closed = false;
  #resolve: (() => void) | null = null;

  constructor(paths: string[]) {
    this.#directories = new Set(paths.map((path) => dirname(path)));
  }

  /** Resolves after a change since the last call, after a second, or on close, but not before `pauseMs`. */
  async wait(pauseMs: number): Promise<void> {
    this.#watchAll();
    if (!this.#pending && !this.#closed) await this.#nextChange();
    this.#pending = false;
    if (pauseMs > 0 && !this.#closed) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }

  close(): void {
    this.#closed = true;
    for (const { watcher } of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    this.#notify();
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#notify(), POLL_EVERY_MS);
      this.#resolve = () => {
        clearTimeout(timer);
        this.#resolve = null;
        resolve();
      };
    });
  }

  #notify(): void {
    this.#pending = true;
    this.#resolve?.();
  }

  /** A directory that was removed and recreated needs a new watch. */
  #watchAll(): void {
    for (const directory of this.#directories) {
      const inode = statSync(directory, { throwIfNoEntry: false })?.ino ?? null;
      if (this.#watchers.get(directory)?.inode === inode) continue;
      this.#unwatch(directory);
      if (inode !== null) this.#watchOne(directory, inode);
    }
  }

  #watchOne(directory: string, inode: number): void {
    try {
      const watcher = watch(directory, { persistent: false }, () => this.#notify());
      watcher.on('error', () => this.#unwatch(directory));
      this.#watchers.set(directory, { watcher, inode });
    } catch {
      // No watch is free: polling every second remains.
    }
  }

  #unwatch(directory: string): void {
    this.#watchers.get(directory)?.watcher.close();
    this.#watchers.delete(directory);
  }
}
