// Goes on reading queues while they are written: over rotation, deletion and return. Idle, it costs one stat a second and
// queue; it holds no more than one read of lines, and the writer never notices it.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LogLine } from './log-line.ts';
import { QueueTail } from './queue-tail.ts';
import type { LogQueueFile, ReadOptions } from './reader.ts';
import { lineFilter, readSegments } from './reader.ts';
import type { Decoding } from './segment.ts';
import { Wake } from './wake.ts';

export type FollowOptions = {
  queues: LogQueueFile[];
  /** Names of instances or services; null: all. */
  instances: ReadonlySet<string> | null;
  /** How many of the lines that are there already come first. */
  tail: number;
  sinceMs?: number | null;
  grep?: RegExp | null;
  decoding?: Decoding;
  /** A reader this far behind jumps ahead, and gets a line (`gap`) that says so; default: never, every line is given. */
  skipWhenBehindBytes?: number;
  /** What was there already has been handed over. */
  onCaughtUp?(): void;
  /** Lines in time order (over queues: within one read). No further call before a returned promise settles. */
  onLines(lines: LogLine[]): void | Promise<void>;
};

export type LogFollower = { close(): void };

/** A burst is read at most this often. */
const READ_EVERY_MS = 40;

/** Begins at once and never ends by itself. */
export function followLogs(options: FollowOptions): LogFollower {
  const follower = new Follower(options);
  void follower.run();
  return follower;
}

class Follower implements LogFollower {
  private readonly options: FollowOptions;
  private readonly read: ReadOptions;
  private readonly tails: QueueTail[];
  private readonly wake: Wake;
  private closed = false;

  constructor(options: FollowOptions) {
    this.options = options;
    const { queues, instances, tail, sinceMs = null, grep = null, decoding = 'utf8' } = options;
    const past = sinceMs !== null && tail === 0 ? null : tail;
    this.read = { queues, instances, tail: past, sinceMs, untilMs: null, grep, decoding };
    const only = instances?.size === 1 ? [...instances][0]! : null;
    const wish = { skipAboveBytes: options.skipWhenBehindBytes ?? null, only };
    this.tails = queues.map((queue) => new QueueTail(queue, decoding, wish));
    this.wake = new Wake(queues.map((queue) => queue.path));
  }

  async run(): Promise<void> {
    await this.past();
    if (!this.closed) this.options.onCaughtUp?.();
    const passes = lineFilter(this.read);
    while (!this.closed) {
      const beganMs = performance.now();
      const lines = (await this.readAll()).filter((line) => isSkipMark(line) || passes(line));
      if (lines.length > 0 && !this.closed) await this.options.onLines(lines);
      if (this.closed) break;
      if (this.tails.some((tail) => tail.hasMore())) {
        await nextTurn(); // all the above may have been synchronous: signals and sockets get their turn
        continue;
      }
      await this.wake.wait(Math.max(0, READ_EVERY_MS - (performance.now() - beganMs)));
    }
    this.dispose();
  }

  close(): void {
    this.closed = true;
    for (const tail of this.tails) tail.stopPast();
    this.wake.close();
  }

  /** What was written before; the tails go on exactly where it ends. */
  private async past(): Promise<void> {
    const segments = this.tails.map((tail) => tail.begin(this.read.sinceMs ?? 0));
    for await (const lines of readSegments(segments, this.read)) {
      if (this.closed) break;
      await this.options.onLines(lines);
    }
    for (const tail of this.tails) tail.dropPast();
  }

  private async readAll(): Promise<LogLine[]> {
    const perQueue: LogLine[][] = [];
    for (const tail of this.tails) perQueue.push(await tail.read());
    const filled = perQueue.filter((lines) => lines.length > 0);
    if (filled.length <= 1) return filled[0] ?? [];
    return filled.flat().sort((a, b) => a.timeMs - b.timeMs); // stable: a queue's own order stays
  }

  private dispose(): void {
    for (const tail of this.tails) tail.close();
  }
}

/** What the reader itself says: how much it skipped. */
export function isSkipMark(line: LogLine): boolean {
  return line.instance === '' && line.gap !== undefined;
}
