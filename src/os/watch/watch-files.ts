// Reports that configuration files may have changed, in whatever way they were saved, replaced or removed. The caller has to
// read them to find out whether and what.
import { basename } from 'node:path';
import type { FSWatcher } from 'chokidar';
import { errnoOf } from '../errors.ts';
import { ReplacedFile } from './replaced-file.ts';
import { ANY_NAME, fingerprint, pointsKey, type WatchPoints, watchPoints } from './watch-points.ts';
import { whyNoEvents } from './why-no-events.ts';

export type WatchOptions = {
  /** Quiet time after the last event; default 50. */
  settleMs?: number;
  /** Safety net for file systems that lose events or have none; default 2000. */
  pollMs?: number;
  /** At the first event of each burst, before the settle time. */
  onFirstEvent?: () => void;
  /** The only file was replaced by another one in one step, so that it is whole. Before the settle time, and before `onChange`. */
  onReplaced?: () => void;
  /** Events are unavailable; from now on the files are polled. Called at most once. */
  onDegraded?: (why: string) => void;
};
export type FileWatch = {
  /** Replaces the watched paths. */
  update(paths: string[]): void;
  /** Calls `onChange` soon, as after a change. */
  checkAgain(): void;
  close(): Promise<void>;
};

/** Instead of `pollMs` once events are unavailable. */
const DEGRADED_POLL_MS = 250;

/**
 * Calls `onChange` once a burst of changes has settled, and once whenever new places are watched: changes between the
 * caller's reading and then cause no event.
 * @param paths absolute; they need not exist. With a `/` at the end: a directory, and which entries it has
 */
export function watchFiles(paths: string[], onChange: () => void, options: WatchOptions = {}): FileWatch {
  return new FileWatcher(paths, onChange, options);
}

class FileWatcher implements FileWatch {
  #paths: string[];
  readonly #onChange: () => void;
  readonly #options: WatchOptions;
  /** The present watcher; null when closed or degraded to polling. */
  #watching: { watcher: FSWatcher; key: string } | null = null;
  /** Pending while a new watcher is set up; one at a time. */
  #setup: Promise<void> = Promise.resolve();
  #settleTimer: NodeJS.Timeout | null = null;
  #lastFingerprint: string;
  #mode: 'events' | 'polling' | 'closed' = 'events';
  #pollTimer: NodeJS.Timeout;
  readonly #replaced: ReplacedFile;

  constructor(paths: string[], onChange: () => void, options: WatchOptions) {
    this.#paths = paths;
    this.#onChange = onChange;
    this.#options = options;
    this.#lastFingerprint = fingerprint(paths);
    this.#pollTimer = this.#startPoll(options.pollMs ?? 2000);
    this.#replaced = new ReplacedFile(() => {
      if (this.#mode !== 'closed') options.onReplaced?.();
    });
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

  /** Waits until the settle time has passed without a further change. */
  #onChanged(): void {
    if (this.#mode === 'closed') return;
    if (this.#settleTimer === null) this.#options.onFirstEvent?.();
    else clearTimeout(this.#settleTimer);
    this.#settleTimer = setTimeout(() => this.#onSettled(), this.#options.settleMs ?? 50);
  }

  #onSettled(): void {
    this.#settleTimer = null;
    this.#replaced.settled();
    const now = fingerprint(this.#paths);
    if (this.#mode === 'polling' && now !== this.#lastFingerprint) {
      // Without events a save in progress shows only here.
      this.#lastFingerprint = now;
      this.#onChanged();
      return;
    }
    this.#lastFingerprint = now;
    this.#followPaths();
    this.#onChange();
  }

  /** Watches the places to which the paths lead now. */
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
    // No watcher saw changes between the reading of the points and now.
    this.checkAgain();
  }

  /** Checked again after each await: meanwhile the watch may have been closed or degraded. */
  #wantsEvents(): boolean {
    return this.#mode === 'events';
  }

  /** As `#onChanged`, but without the report of a first event: most likely nothing has changed. */
  checkAgain(): void {
    if (this.#mode === 'closed') return;
    this.#settleTimer ??= setTimeout(() => this.#onSettled(), this.#options.settleMs ?? 50);
  }

  async #open(points: WatchPoints): Promise<FSWatcher> {
    const { watch } = await import('chokidar');
    const directories = [...points.keys()];
    const watchedNames = namesToWatch(points);
    const watcher = watch(directories, {
      depth: 0,
      followSymlinks: false, // else the swap of a link is missed
      ignoreInitial: true,
      atomic: false,
      ignored: (path) => !points.has(path) && !watchedNames.has(basename(path)),
    });
    watcher.on('raw', (event, path: string | null, about) => {
      const { watchedPath } = about as { watchedPath: string };
      // In a watched directory `path` is the name within it.
      const ofEntry = points.get(watchedPath);
      if (!ofEntry?.has(ANY_NAME) && !watchedNames.has(basename(path ?? watchedPath))) return;
      if (ofEntry) this.#replaced.note(event, this.#paths, this.#lastFingerprint);
      this.#onChanged();
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
    this.#options.onDegraded?.(`${whyNoEvents(errno)}; polling the files instead`);
  }
}

/** With the directories' own names, by which the removal of a watched directory is reported. */
function namesToWatch(points: WatchPoints): Set<string> {
  const names = [...points.values()].flatMap((set) => [...set]);
  return new Set([...names, ...[...points.keys()].map((directory) => basename(directory))]);
}
