// Reports files that match globs and were created, changed or removed, also behind symbolic links. Ignores `.git`, `.orch` and
// `node_modules` unless a glob names them. Where the system reports no changes, it polls, and says so once.
import { type FSWatcher, watch } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, relative, sep } from 'node:path';
import { errnoOf } from '../errors.ts';
import { globFilter } from './glob-filter.ts';
import { type TreeHost, WatchedTree } from './watched-tree.ts';
import { whyNoEvents } from './why-no-events.ts';

export type GlobWatchOptions = {
  /** Globs with `/`, absolute or relative to `root`. */
  paths: readonly string[];
  ignore: readonly string[];
  /** Absolute paths of files and directories that never count. */
  excluded: readonly string[];
  /** @param path relative to `root`, with `/` */
  onChange(path: string): void;
  /** Something is not watched as it should be; called at most once for each kind. */
  onFailure(why: string): void;
  /** Of the system; another one for tests. */
  system?: Partial<WatchSystem>;
};
export type GlobWatch = {
  /** Resolves when every later change will be reported. */
  ready: Promise<void>;
  close(): Promise<void>;
};
export type WatchSystem = {
  /** Throws errno errors. */
  watch(directory: string, onEvent: (type: string, name: string | null) => void): FSWatcher;
  /** The type of its file system, as in statfs(2). */
  fileSystemOf(path: string): Promise<number>;
  /** Pause between two polls. */
  pollMs: number;
};

const SYSTEM: WatchSystem = {
  watch: (directory, onEvent) => watch(directory, { encoding: 'utf8' }, onEvent),
  fileSystemOf: async (path) => (await statfs(path)).type,
  pollMs: 1000,
};
/** Polling takes at most this share of a core. */
const POLL_SHARE = 1 / 20;
/** These report no changes that other machines make: statfs(2), linux/magic.h. */
const REMOTE_FILE_SYSTEMS: Record<number, string> = {
  26985: 'NFS',
  20859: 'SMB',
  4283649346: 'CIFS',
  4266872130: 'SMB',
  16914839: '9P',
  1702057286: 'FUSE',
  1397113167: 'AFS',
  12805120: 'Ceph',
  2020557398: 'VirtualBox shared folders',
};

export function watchGlobs(root: string, options: GlobWatchOptions): GlobWatch {
  const watcher = new GlobWatcher(root, options);
  return { ready: watcher.open(), close: () => watcher.close() };
}

class GlobWatcher {
  readonly #root: string;
  readonly #options: GlobWatchOptions;
  readonly #system: WatchSystem;
  #mode: 'events' | 'polling' | 'closed' = 'events';
  #trees: WatchedTree[] = [];
  /** Keys of jobs that wait for their turn. */
  readonly #waiting = new Set<string>();
  #work: Promise<void> = Promise.resolve();
  #pollTimer: NodeJS.Timeout | null = null;
  #hasUnreadable = false;

  constructor(root: string, options: GlobWatchOptions) {
    this.#root = root;
    this.#options = options;
    this.#system = { ...SYSTEM, ...options.system };
  }

  /** Loads the library only now: a project without `watch` does not need it. */
  async open(): Promise<void> {
    const { default: picomatch } = await import('picomatch');
    const { bases, isIgnored } = globFilter(this.#root, this.#options, picomatch);
    const host: TreeHost = {
      isIgnored,
      changed: (path) => this.#changed(path),
      listen: (directory, onEvent) => this.#listen(directory, onEvent),
      enqueue: (key, job) => this.#enqueue(key, job),
      unreadable: (path, errno) => this.#noteUnreadable(path, errno),
    };
    for (const { path } of bases) await this.#checkFileSystem(path);
    this.#trees = bases.map((base) => new WatchedTree(base, host));
    await this.#enqueue('first', () => this.#scan(true));
  }

  async close(): Promise<void> {
    this.#mode = 'closed';
    if (this.#pollTimer !== null) clearTimeout(this.#pollTimer);
    this.#unlisten();
    await this.#work;
    this.#unlisten();
  }

  #changed(path: string): void {
    if (this.#mode !== 'closed') this.#options.onChange(relative(this.#root, path).replaceAll(sep, '/'));
  }

  /** One job at a time: each compares what was seen last with what it sees. */
  #enqueue(key: string, job: () => Promise<void>): Promise<void> {
    if (this.#waiting.has(key)) return this.#work;
    this.#waiting.add(key);
    this.#work = this.#work.then(async () => {
      this.#waiting.delete(key);
      if (this.#mode !== 'closed') await job();
    });
    return this.#work;
  }

  async #scan(isFirst: boolean): Promise<void> {
    const before = process.cpuUsage();
    for (const tree of this.#trees) await tree.scan(isFirst);
    if (this.#mode !== 'polling') return;
    if (this.#pollTimer !== null) clearTimeout(this.#pollTimer);
    const pauseMs = Math.max(this.#system.pollMs, cpuMsSince(before) / POLL_SHARE);
    this.#pollTimer = setTimeout(() => void this.#enqueue('poll', () => this.#scan(false)), pauseMs).unref();
  }

  #listen(directory: string, onEvent: (entry: string | null, isRename: boolean) => void): (() => void) | null {
    if (this.#mode !== 'events') return null;
    try {
      const watcher = this.#system.watch(directory, (type, name) => onEvent(name, type === 'rename'));
      watcher.on('error', (error) => this.#onError(directory, errnoOf(error)));
      return () => watcher.close();
    } catch (error) {
      this.#onError(directory, errnoOf(error));
      return this.#isPolling() ? null : () => undefined;
    }
  }

  #onError(directory: string, errno: string): void {
    if (['ENOENT', 'ENOTDIR'].includes(errno)) return; // gone: the event of the directory above tells
    if (['EACCES', 'EPERM'].includes(errno)) this.#noteUnreadable(directory, errno);
    else this.#degradeToPolling(whyNoEvents(errno));
  }

  #degradeToPolling(why: string): void {
    if (this.#mode !== 'events') return;
    this.#mode = 'polling';
    this.#unlisten();
    this.#options.onFailure(`${why}; polling its files instead`);
    // What changed meanwhile differs from what was seen. Before the first scan there is nothing to compare.
    if (this.#trees.length > 0) void this.#enqueue('poll', () => this.#scan(false));
  }

  #isPolling(): boolean {
    return this.#mode === 'polling';
  }

  #noteUnreadable(path: string, errno: string): void {
    if (this.#hasUnreadable || this.#mode === 'closed') return;
    this.#hasUnreadable = true;
    this.#options.onFailure(`${path} cannot be read (${errno}); changes below it are not seen`);
  }

  async #checkFileSystem(path: string): Promise<void> {
    const type = await this.#system.fileSystemOf(path).catch(() => null); // it does not exist yet, or cannot be asked
    const name = type === null ? undefined : REMOTE_FILE_SYSTEMS[type >>> 0];
    if (name !== undefined) this.#degradeToPolling(`${path} is on a file system (${name}) that may report no changes`);
    else if (type === null && dirname(path) !== path) await this.#checkFileSystem(dirname(path));
  }

  #unlisten(): void {
    for (const tree of this.#trees) tree.unlisten();
  }
}

/** Not the time on the clock: that of a slow network or a busy machine costs nothing. */
function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
