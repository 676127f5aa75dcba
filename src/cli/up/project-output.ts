// The output of a project's instances as it comes, read from the files of its log queues: the supervisor never sees it.
import { resolve } from 'node:path';
import type { LogQueueStatus } from '../../api/protocol.ts';
import { followLogs, type LogFollower } from '../../logs/reader/follow-logs.ts';
import type { LogLine } from '../../logs/reader/log-line.ts';

export type ProjectOutput = {
  /** Follows these queues too, from `sinceMs` on; an edit may have added some. */
  follow(queues: LogQueueStatus[]): void;
  /**
   * Hands over what has been written by now, then ends; after 3 s in any case.
   * @param goesOn more will be written, which is not waited for
   * @returns that moment, in milliseconds since the epoch
   */
  stop(goesOn: boolean): Promise<number>;
};

export type ProjectOutputOptions = {
  /** Where relative paths of queues begin. */
  root: string;
  /** Lines from this time on. */
  sinceMs: number;
  /** None further of that queue before a returned promise settles. */
  onLines(lines: LogLine[]): Promise<void> | undefined;
};

/** The files are read every 40 ms or so; nothing that was written before for this long means that there is no more. */
const QUIET_MS = 120;
const PATIENCE_MS = 3000;

export function createProjectOutput({ root, sinceMs, onLines }: ProjectOutputOptions): ProjectOutput {
  const followers = new Map<string, LogFollower>();
  let lastLineMs = 0;
  let untilMs = Number.POSITIVE_INFINITY;
  /** Hand-overs that the reader of our output has not taken yet. */
  let waiting = 0;
  const take = async (lines: LogLine[]) => {
    const wanted = lines.filter((line) => line.timeMs <= untilMs);
    if (wanted.length === 0) return;
    waiting += 1;
    await onLines(wanted);
    waiting -= 1;
    lastLineMs = performance.now();
  };
  return {
    follow(queues) {
      for (const { name, path } of queues) {
        if (followers.has(path)) continue;
        const file = { name, path: resolve(root, path), format: 'text' as const };
        followers.set(path, followLogs({ queues: [file], instances: null, tail: 0, sinceMs, onLines: take }));
      }
    },
    async stop(goesOn) {
      const nowMs = Date.now();
      if (goesOn) untilMs = nowMs;
      const startMs = performance.now();
      const quietSinceMs = () => (waiting > 0 ? 0 : performance.now() - Math.max(lastLineMs, startMs));
      while (quietSinceMs() < QUIET_MS && performance.now() - startMs < PATIENCE_MS) {
        await new Promise((done) => setTimeout(done, QUIET_MS - quietSinceMs()));
      }
      for (const follower of followers.values()) follower.close();
      return nowMs;
    },
  };
}
