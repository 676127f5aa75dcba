// Keeps the ring filled with the output of what is on screen: reads the queue files, never asks the supervisor.
import { resolve } from 'node:path';
import { followLogs, type LogFollower, type LogLine } from '../logs/reading/reader.ts';
import type { LogRing } from './log-ring.ts';
import { outputTarget } from './output-target.ts';
import type { UiState } from './state.ts';

/** How much of the past is read when another service is selected. */
const TAIL_LINES = 1000;
/** A flood is skipped, not read: nobody can see it, and every line read costs. */
const SKIP_WHEN_BEHIND_BYTES = 256 * 1024;
/** The selection may run through many rows before it stays on one. */
const SETTLE_MS = 60;
/** After a skip the newest lines may be among those skipped: read the tail again, so often at most. */
const RESYNC_MS = 500;

type Target = { names: string[]; queues: { name: string; path: string; format: 'text' }[] };

export class OutputFollower {
  private readonly ring: LogRing;
  private readonly root: string;
  private readonly onLines: () => void;
  private follower: LogFollower | null = null;
  private timer: NodeJS.Timeout | null = null;
  private resyncTimer: NodeJS.Timeout | null = null;
  /** What is followed, or will be once the selection has settled. */
  private wanted = '';
  private isPaused = false;

  /** @param root where relative paths of queues begin. `onLines`: the ring has changed. */
  constructor(ring: LogRing, root: string, onLines: () => void) {
    this.ring = ring;
    this.root = root;
    this.onLines = onLines;
  }

  /** Cheap when nothing changed; called after each change of the state. */
  watch(state: UiState): void {
    if (state.status === null) return;
    this.isPaused = state.logBottom !== null;
    const { names } = outputTarget(state);
    const queues = state.status.logQueues.map(({ name, path }) => {
      return { name, path: resolve(this.root, path), format: 'text' as const };
    });
    const key = JSON.stringify([names, queues.map(({ path }) => path)]);
    if (key === this.wanted) return;
    const delayMs = this.wanted === '' ? 0 : SETTLE_MS;
    this.wanted = key;
    this.close();
    this.timer = setTimeout(() => this.follow({ names, queues }), delayMs);
  }

  close(): void {
    for (const timer of [this.timer, this.resyncTimer]) if (timer !== null) clearTimeout(timer);
    this.resyncTimer = null;
    this.follower?.close();
    this.follower = null;
  }

  private follow(target: Target): void {
    this.ring.clear();
    this.onLines();
    const follower = followLogs({
      queues: target.queues,
      // '': what the reader itself says, such as how much it skipped.
      instances: target.names.length === 0 ? null : new Set([...target.names, '']),
      tail: TAIL_LINES,
      skipWhenBehindBytes: SKIP_WHEN_BEHIND_BYTES,
      onLines: (lines) => {
        if (this.follower === follower) this.take(lines, target);
      },
    });
    this.follower = follower;
  }

  private take(lines: LogLine[], target: Target): void {
    const shown = lines.filter((line) => line.instance !== '' || line.gap !== undefined || target.names.length === 0);
    this.ring.push(shown);
    this.onLines();
    if (lines.some(isSkipMark)) this.resyncSoon(target);
  }

  /** Not while the user reads what is there. */
  private resyncSoon(target: Target): void {
    this.resyncTimer ??= setTimeout(() => {
      this.resyncTimer = null;
      if (this.isPaused) {
        this.resyncSoon(target);
        return;
      }
      this.follower?.close();
      this.follow(target);
    }, RESYNC_MS);
  }
}

function isSkipMark(line: LogLine): boolean {
  return line.instance === '' && line.gap !== undefined;
}
