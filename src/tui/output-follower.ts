// Keeps the ring filled with the output of what is on screen: reads the queue files, never asks the supervisor.
import { resolve } from 'node:path';
import { followLogs, isSkipMark, type LogFollower } from '../logs/reader/follow-logs.ts';
import type { LogLine } from '../logs/reader/log-line.ts';
import { HISTORY_LINES, type LogRing } from './model/log-ring.ts';
import { outputTarget } from './model/rows.ts';
import type { UiState } from './model/state.ts';

/** A flood of all is skipped, not read: nobody can see it, and every line read costs. */
const SKIP_WHEN_BEHIND_BYTES = 256 * 1024;
/** Of one service or instance the rest is not even parsed; only what is faster than that is skipped. */
const SKIP_FOR_ONE_WHEN_BEHIND_BYTES = 16 * 1024 * 1024;
/** The selection may run through many rows before it stays on one. */
const SETTLE_MS = 60;
/** After a skip of all output the newest lines may be among those skipped: read the tail again, so often at most. */
const RESYNC_MS = 500;

type FollowTarget = { names: string[]; queues: { name: string; path: string; format: 'text' }[] };

export class OutputFollower {
  readonly #ring: LogRing;
  readonly #root: string;
  readonly #onLines: () => void;
  #follower: LogFollower | null = null;
  #timer: NodeJS.Timeout | null = null;
  #resyncTimer: NodeJS.Timeout | null = null;
  /** What is followed, or will be once the selection has settled. */
  #targetKey = '';
  #isPaused = false;
  /** The last line of the ring says already that some are missing. */
  #endsWithSkipMark = false;

  /** @param root where relative paths of queues begin. `onLines`: the ring has changed. */
  constructor(ring: LogRing, root: string, onLines: () => void) {
    this.#ring = ring;
    this.#root = root;
    this.#onLines = onLines;
  }

  /** Cheap when nothing changed; called after each change of the state. */
  update(state: UiState): void {
    if (state.status === null) return;
    this.#isPaused = state.logBottom !== null;
    const { names } = outputTarget(state);
    const queues = state.status.logQueues.map(({ name, path }) => {
      return { name, path: resolve(this.#root, path), format: 'text' as const };
    });
    const key = JSON.stringify([names, queues.map(({ path }) => path)]);
    if (key === this.#targetKey) return;
    const delayMs = this.#targetKey === '' ? 0 : SETTLE_MS;
    this.#targetKey = key;
    this.close();
    // At once, so that nobody's lines stand under another's title.
    this.#ring.clear();
    this.#ring.isReading = true;
    this.#onLines();
    this.#timer = setTimeout(() => this.#follow({ names, queues }), delayMs);
  }

  close(): void {
    for (const timer of [this.#timer, this.#resyncTimer]) if (timer !== null) clearTimeout(timer);
    this.#resyncTimer = null;
    this.#follower?.close();
    this.#follower = null;
  }

  /** What is in the ring stays until there is something to replace it. */
  #follow(target: FollowTarget): void {
    let isFirst = true;
    const [only = null] = target.names;
    const begin = () => {
      if (isFirst) this.#ring.clear();
      isFirst = false;
    };
    const follower = followLogs({
      queues: target.queues,
      instances: only === null ? null : new Set(target.names),
      tail: HISTORY_LINES,
      skipWhenBehindBytes: only === null ? SKIP_WHEN_BEHIND_BYTES : SKIP_FOR_ONE_WHEN_BEHIND_BYTES,
      onCaughtUp: () => {
        if (this.#follower !== follower) return;
        this.#ring.isReading = false;
        this.#onLines();
      },
      onLines: (lines) => {
        if (this.#follower !== follower) return;
        begin();
        this.#append(lines, target);
      },
    });
    this.#follower = follower;
  }

  #append(lines: LogLine[], target: FollowTarget): void {
    this.#ring.push(lines.filter((line) => this.#isShown(line)));
    this.#onLines();
    if (target.names.length === 0 && lines.some(isSkipMark)) this.#resyncSoon(target);
  }

  /** Of a flood that goes on one mark is enough: they would push out the lines that are read between. */
  #isShown(line: LogLine): boolean {
    const isMark = isSkipMark(line);
    const isRepeated = isMark && this.#endsWithSkipMark;
    this.#endsWithSkipMark = isMark;
    return !isRepeated;
  }

  /** Not while the user reads what is there. */
  #resyncSoon(target: FollowTarget): void {
    this.#resyncTimer ??= setTimeout(() => {
      this.#resyncTimer = null;
      if (this.#isPaused) {
        this.#resyncSoon(target);
        return;
      }
      this.#follower?.close();
      this.#follow(target);
    }, RESYNC_MS);
  }
}
