// Tells when configuration files may have changed, whatever way they were saved, swapped or removed. Says only "look
// again": what changed, and whether it did, is for the caller to find out from the contents.

import { basename } from 'node:path';
import type { FSWatcher } from 'chokidar';
import { errnoOf } from '../errors.ts';
import { fingerprint, pointsKey, type WatchPoints, watchPoints } from './watch-points.ts';

export type WatchOptions = {
  /** Quiet time after the last event; default 50. */
  settleMs?: number;
  /** Safety net for file systems that lose or have no events; default 2000. */
  pollMs?: number;
  /** At the first event of each burst, before anything has settled. */
  onFirstEvent?: () => void;
  /** Events are not to be had; from now on the files are polled. Called at most once. */
  onDegraded?: (why: string) => void;
};
export type FileWatch = {
  /** Watches these paths instead. */
  update(paths: string[]): void;
  /** Calls `onChange` soon, as after a change. */
  checkAgain(): void;
  close(): Promise<void>;
};

/** Instead of `pollMs` once events are not to be had. */
const DEGRADED_POLL_MS = 250;

/**
 * Calls `onChange` once a burst of changes has settled, and once whenever the watch stands on new places: what
 * changed between the caller's reading and then, no event tells.
 * @param paths absolute; they need not exist
 */
export function watchFiles(paths: string[], onChange: () => void, options: WatchOptions = {}): FileWatch {
  const watch = new FileWatcher(paths, onChange, options);
  return { update: (next) => watch.update(next), checkAgain: () => watch.checkAgain(), close: () => watch.close() };
}

class FileWatcher {
  #paths: string[];
  readonly #onChange: () => void;
  readonly #options: WatchOptions;
  /** What stands now; null when closed or degraded to polling. */
  #watching: { watcher: FSWatcher; key: string } | null = null;
  /** Runs while a new watcher is set up; one at a time. */
  #setup: Promise<void> = Promise.resolve();
  #settleTimer: NodeJS.Timeout | null = null;
  #lastFingerprint: string;
  #mode: 'events' | 'polling' | 'closed' = 'events';
  #pollTimer: NodeJS.Timeout;

  constructor(paths: string[], onChange: () => void, options: WatchOptions) {
    this.#paths = paths;
    this.#onChange = onChange;
    this.#options = options;
    this.#lastFingerprint = fingerprint(paths);
    this.#pollTimer = this.#startPoll(options.pollMs ?? 2000);
    this.#followPaths();
  }

  update(paths: string[]): void {
    this.#paths = paths;
    this.#lastFingerprint = fingerprint(paths);
    this.#followPaths();
  }

  async close(): Promise<void> {
    this.#mode = 'closed';
    clearInterval(this.#pollTimer);
    if (this.#settleTimer !== null) clearTimeout(this.#settleTimer);
    await this.#setup;
    await this.#watching?.watcher.close();
    this.#watching = null;
  }

  #startPoll(everyMs: number): NodeJS.Timeout {
    return setInterval(() => this.#pollOnce(), everyMs).unref();
  }

  #pollOnce(): void {
    const now = fingerprint(this.#paths);
    if (now === this.#lastFingerprint) return;
    this.#lastFingerprint = now;
    this.#onChanged();
  }

  /** Something happened: wait until nothing has for the settle time. */
  #onChanged(): void {
    if (this.#mode === 'closed') return;
    if (this.#settleTimer === null) this.#options.onFirstEvent?.();
    else clearTimeout(this.#settleTimer);
    this.#settleTimer = setTimeout(() => this.#onSettled(), this.#options.settleMs ?? 50);
  }

  #onSettled(): void {
    this.#settleTimer = null;
    const now = fingerprint(this.#paths);
    if (this.#mode === 'polling' && now !== this.#lastFingerprint) {
      // Without events a save that goes on shows only here.
      this.#lastFingerprint = now;
      this.#onChanged();
      return;
    }
    this.#lastFingerprint = now;
    this.#followPaths();
    this.#onChange();
  }

  /** Makes the events come from where the paths lead now. */
  #followPaths(): void {
    if (!this.#wantsEvents()) return;
    this.#setup = this.#setup.then(() => this.#rewatch()).catch((error) => this.#degradeToPolling(errnoOf(error)));
  }

  async #rewatch(): Promise<void> {
    if (!this.#wantsEvents()) return;
    const points = watchPoints(this.#paths);
    const key = pointsKey(points);
    if (key === this.#watching?.key) return;
    const watcher = await this.#open(points);
    await this.#watching?.watcher.close();
    this.#watching = null;
    if (!this.#wantsEvents()) return await watcher.close();
    this.#watching = { watcher, key };
    // What changed between the look at the points and now, no watcher saw.
    this.checkAgain();
  }

  /** Asked anew after each await: meanwhile we may have been closed or degraded. */
  #wantsEvents(): boolean {
    return this.#mode === 'events';
  }

  /** As `#noticed`, but without the announcement of a first event: most likely nothing has changed. */
  checkAgain(): void {
    if (this.#mode === 'closed') return;
    this.#settleTimer ??= setTimeout(() => this.#onSettled(), this.#options.settleMs ?? 50);
  }

  async #open(points: WatchPoints): Promise<FSWatcher> {
    const { watch } = await import('chokidar');
    const directories = [...points.keys()];
    const matters = namesThatMatter(points);
    const watcher = watch(directories, {
      depth: 0,
      followSymlinks: false, // else the swap of a link is missed
      ignoreInitial: true,
      atomic: false,
      ignored: (path) => !points.has(path) && !matters.has(basename(path)),
    });
    watcher.on('raw', (_event, path: string | null, about) => {
      // Of a watched directory `path` is the name within it.
      if (matters.has(basename(path ?? (about as { watchedPath: string }).watchedPath))) this.#onChanged();
    });
    watcher.on('error', (error) => this.#degradeToPolling(errnoOf(error)));
    await new Promise<void>((resolve) => watcher.once('ready', resolve));
    return watcher;
  }

  /** Limits of inotify, or a file system without events. */
  #degradeToPolling(errno: string): void {
    if (this.#mode !== 'events') return;
    this.#mode = 'polling';
    clearInterval(this.#pollTimer);
    this.#pollTimer = this.#startPoll(Math.min(this.#options.pollMs ?? 2000, DEGRADED_POLL_MS));
    void this.#watching?.watcher.close();
    this.#watching = null;
    this.#options.onDegraded?.(explainDegraded(errno));
  }
}

/** The directories' own names too: that is how the removal of a watched directory shows. */
function namesThatMatter(points: WatchPoints): Set<string> {
  const names = [...points.values()].flatMap((set) => [...set]);
  return new Set([...names, ...[...points.keys()].map((directory) => basename(directory))]);
}

function explainDegraded(errno: string): string {
  if (errno === 'ENOSPC')
    return 'no inotify watches left (raise fs.inotify.max_user_watches); polling the files instead';
  if (errno === 'EMFILE')
    return 'no inotify instances left (raise fs.inotify.max_user_instances); polling the files instead';
  return `watching files failed (${errno}); polling them instead`;
}
