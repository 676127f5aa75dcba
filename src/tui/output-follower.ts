// Keeps the ring filled with the output of what is on screen: reads the queue files, never asks the supervisor.
import { resolve } from 'node:path';
import { followLogs, type LogFollower } from '../logs/reader.ts';
import type { LogRing } from './log-ring.ts';
import { outputTarget } from './output-target.ts';
import type { UiState } from './state.ts';

/** How much of the past is read when another service is selected. */
const TAIL_LINES = 1000;
/** A flood is skipped, not read: nobody can see it, and every line read costs. */
const SKIP_WHEN_BEHIND_BYTES = 256 * 1024;
/** The selection may run through many rows before it stays on one. */
const SETTLE_MS = 60;

export class OutputFollower {
  private readonly ring: LogRing;
  private readonly root: string;
  private readonly onLines: () => void;
  private follower: LogFollower | null = null;
  private timer: NodeJS.Timeout | null = null;
  /** What is followed, or will be once the selection has settled. */
  private wanted = '';

  /** @param root where relative paths of queues begin. `onLines`: the ring has changed. */
  constructor(ring: LogRing, root: string, onLines: () => void) {
    this.ring = ring;
    this.root = root;
    this.onLines = onLines;
  }

  /** Cheap when nothing changed; called after each change of the state. */
  watch(state: UiState): void {
    if (state.status === null) return;
    const { names } = outputTarget(state);
    const queues = state.status.logQueues.map(({ name, path }) => ({
      name,
      path: resolve(this.root, path),
      format: 'text' as const,
    }));
    const key = JSON.stringify([names, queues.map(({ path }) => path)]);
    if (key === this.wanted) return;
    const isFirst = this.wanted === '';
    this.wanted = key;
    this.close();
    this.timer = setTimeout(() => this.follow(queues, names), isFirst ? 0 : SETTLE_MS);
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.follower?.close();
    this.follower = null;
  }

  private follow(queues: { name: string; path: string; format: 'text' }[], names: string[]): void {
    this.ring.clear();
    this.onLines();
    const follower = followLogs({
      queues,
      instances: names.length === 0 ? null : new Set(names),
      tail: TAIL_LINES,
      skipWhenBehindBytes: SKIP_WHEN_BEHIND_BYTES,
      onLines: (lines) => {
        if (this.follower !== follower) return; // one that was closed in the middle of a read
        this.ring.push(lines);
        this.onLines();
      },
    });
    this.follower = follower;
  }
}
