// Follows the configuration files: loads a settled change and passes it on, valid or not. Does nothing while the bytes stay the
// same, whatever events the file system sends.
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { type LoadResult, listingText, type WatchedFile } from '../../core/load-result.ts';
import { watchFiles } from '../../os/watch/watch-files.ts';
import type { ConfigLoader, LoaderFault } from './child-loader.ts';

export type ConfigFollowerOptions = {
  loader: ConfigLoader;
  watched: WatchedFile[];
  /** Finds out what `onLoaded` needs to know. A newer configuration may come into force meanwhile. */
  prepare?(result: LoadResult): Promise<void>;
  onLoaded(result: LoadResult): void;
  onDegraded(why: string): void;
};

/** The content of the file is not known then, and no further event may come. */
const LOADER_FAULTS: readonly string[] = ['load-failed', 'load-timeout'] satisfies LoaderFault[];
/** An editor may be in the middle of a save. */
const SAVE_MS = 60;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;

/** The loader refuses larger files; a file that cannot be compared cheaply counts as changed. */
const MAX_COMPARED_BYTES = 1024 * 1024;

export class ConfigFollower {
  #options: ConfigFollowerOptions;
  #watched: WatchedFile[];
  #watcher: ReturnType<typeof watchFiles>;
  /** Raised when a client's configuration comes into force: a reading under way is older. */
  #epoch = 0;
  #running: Promise<LoadResult> | null = null;
  #next: Promise<LoadResult> | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  #retryMs = FIRST_RETRY_MS;

  constructor(options: ConfigFollowerOptions) {
    this.#options = options;
    this.#watched = options.watched;
    this.#watcher = watchFiles(pathsOf(options.watched), () => void this.#settled(), {
      onFirstEvent: () => options.loader.warmUp(),
      onReplaced: () => void this.#settled(),
      onDegraded: options.onDegraded,
    });
  }

  /** The files of the configuration in force. The client that read them may have read an older content: checks again. */
  follow(watched: WatchedFile[]): void {
    if (watched === this.#watched) return;
    this.#epoch++;
    this.#keep(watched);
    this.#watcher.checkAgain();
  }

  /** Something else than the files is in force: a reading under way starts over. */
  invalidate(): void {
    this.#epoch++;
  }

  #keep(watched: WatchedFile[]): void {
    const before = pathsOf(this.#watched).join('\n');
    this.#watched = watched;
    const paths = pathsOf(watched);
    if (paths.join('\n') !== before) this.#watcher.update(paths);
  }

  /** Reads now, changed or not. Concurrent calls share one reading that began after the last of them. */
  reload(): Promise<LoadResult> {
    if (!this.#running) {
      this.#running = this.#load().finally(() => {
        this.#running = null;
      });
      return this.#running;
    }
    this.#next ??= this.#running.then(() => {
      this.#next = null;
      return this.reload();
    });
    return this.#next;
  }

  /** Loads what was saved before the call, also where its event is still on its way. */
  async catchUp(): Promise<void> {
    if (!(await hasChanged(this.#watched))) return void (await this.#running);
    await new Promise((resolve) => setTimeout(resolve, SAVE_MS));
    await this.#settled();
  }

  async close(): Promise<void> {
    if (this.#retryTimer) clearTimeout(this.#retryTimer);
    await Promise.all([this.#options.loader.close(), this.#watcher.close()]);
  }

  async #settled(): Promise<void> {
    // It may have read just this change.
    while (this.#running) await this.#running;
    if (await hasChanged(this.#watched)) await this.reload();
  }

  async #load(): Promise<LoadResult> {
    const epoch = this.#epoch;
    const result = await this.#options.loader.load();
    await this.#options.prepare?.(result);
    if (epoch !== this.#epoch) return await this.#load();
    const watched = result.ok ? result.accepted.watched : result.watched;
    // A reader that died names no files: keep watching the same files, but compare them with nothing.
    this.#keep(watched.length > 0 ? watched : this.#watched.map((file) => ({ ...file, contentHash: null })));
    this.#options.onLoaded(result);
    this.#tryAgainAfter(result);
    return result;
  }

  #tryAgainAfter(result: LoadResult): void {
    if (this.#retryTimer) clearTimeout(this.#retryTimer);
    if (result.ok || !result.problems.some(({ code }) => LOADER_FAULTS.includes(code))) {
      this.#retryMs = FIRST_RETRY_MS;
      return;
    }
    this.#retryTimer = setTimeout(() => void this.reload(), this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }
}

/** A `/` at the end: the entries of the directory. */
const pathsOf = (watched: readonly WatchedFile[]): string[] =>
  watched.map(({ path, names }) => (names === undefined ? path : `${path}/`));

/** Are the files on disk other than these? */
export async function hasChanged(watched: readonly WatchedFile[]): Promise<boolean> {
  const now = await Promise.all(
    watched.map(({ path, names }) => (names === undefined ? contentHash(path) : listing(path, names))),
  );
  return watched.some(({ contentHash: before }, index) => now[index] !== before);
}

async function listing(directory: string, glob: string): Promise<string> {
  const { default: picomatch } = await import('picomatch');
  return listingText(await readdir(directory).catch(() => []), picomatch(glob)); // as empty, like the loader
}

/** @returns null where the file does not exist; a text that equals no hash where it cannot be compared. */
async function contentHash(path: string): Promise<string | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (!stat.isFile() || stat.size > MAX_COMPARED_BYTES) return `not comparable at ${performance.now()}`;
      return createHash('sha256')
        .update(await file.readFile())
        .digest('hex');
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === 'ENOENT' || code === 'ENOTDIR' ? null : `unreadable: ${code}`;
  }
}
