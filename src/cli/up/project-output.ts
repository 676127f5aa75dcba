// The output of a project's instances, read from the files of its log queues: it does not pass through the supervisor.
import { resolve } from 'node:path';
import type { LogQueueStatus } from '../../api/protocol.ts';
import { followLogs, type LogFollower } from '../../logs/reader/follow-logs.ts';
import type { LogLine } from '../../logs/reader/log-line.ts';
import { UnfinishedFollower, type UnfinishedLogLine } from '../../logs/reader/unfinished-lines.ts';

export type ProjectOutputOptions = {
  /** The directory of relative queue paths. */
  root: string;
  /** Lines from this time on. */
  sinceMs: number;
  /** A queue waits until the returned promise settles before it delivers more. */
  onLines(lines: LogLine[], unfinished: UnfinishedLogLine[]): Promise<void> | undefined;
  /** The log writer's; null: unfinished lines are not shown. */
  socket: string | null;
  onUnfinished(lines: UnfinishedLogLine[]): void;
};

/** The files are read about every 40 ms: after this long without a line there are no more. */
const QUIET_MS = 120;
const PATIENCE_MS = 3000;

export class ProjectOutput {
  readonly #options: ProjectOutputOptions;
  readonly #followers = new Map<string, LogFollower>();
  #lastLineMs = 0;
  #untilMs = Number.POSITIVE_INFINITY;
  readonly #queueNames = new Set<string>();
  #unfinished: UnfinishedFollower | null = null;
  /** Batches that the reader of our output has not taken yet. */
  #pendingBatches = 0;

  constructor(options: ProjectOutputOptions) {
    this.#options = options;
  }

  /** Follows these queues too, from `sinceMs` on; an edit may have added some. */
  follow(queues: LogQueueStatus[]): void {
    const { root, sinceMs } = this.#options;
    const onLines = (lines: LogLine[]) => this.#deliver(lines);
    const onCaughtUp = () => this.#followUnfinished();
    for (const { name, path } of queues) {
      this.#queueNames.add(name);
      if (this.#followers.has(path)) continue;
      const file = { name, path: resolve(root, path), format: 'text' as const };
      this.#followers.set(path, followLogs({ queues: [file], instances: null, tail: 0, sinceMs, onLines, onCaughtUp }));
    }
  }

  /**
   * Delivers what has been written by now, then ends; after 3 s in any case.
   * @param continues more will be written; it is not waited for
   * @returns that moment, in milliseconds since the epoch
   */
  async stop(continues: boolean): Promise<number> {
    const nowMs = Date.now();
    if (continues) this.#untilMs = nowMs;
    const startMs = performance.now();
    const quietMs = () => (this.#pendingBatches > 0 ? 0 : performance.now() - Math.max(this.#lastLineMs, startMs));
    while (quietMs() < QUIET_MS && performance.now() - startMs < PATIENCE_MS) {
      await new Promise((done) => setTimeout(done, QUIET_MS - quietMs()));
    }
    for (const follower of this.#followers.values()) follower.close();
    this.#unfinished?.close();
    return nowMs;
  }

  #followUnfinished(): void {
    const { socket, onUnfinished } = this.#options;
    if (socket === null || this.#unfinished !== null) return;
    const passes = ({ timeMs }: LogLine) => timeMs <= this.#untilMs;
    this.#unfinished = new UnfinishedFollower({ socket, queues: this.#queueNames, passes }, () =>
      onUnfinished(this.#unfinished?.current ?? []),
    );
  }

  async #deliver(lines: LogLine[]): Promise<void> {
    const inTime = lines.filter((line) => line.timeMs <= this.#untilMs);
    if (inTime.length === 0) return;
    this.#pendingBatches += 1;
    this.#unfinished?.finishedBy(inTime);
    await this.#options.onLines(inTime, this.#unfinished?.current ?? []);
    this.#pendingBatches -= 1;
    this.#lastLineMs = performance.now();
  }
}
