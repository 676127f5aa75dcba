// Wakes a reader when a queue file may have changed: the system's word where it gives one, a look once a second else.
import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';

const LOOK_EVERY_MS = 1000;

export class Wake {
  private readonly directories: Set<string>;
  private readonly watchers = new Map<string, { watcher: FSWatcher; inode: number }>();
  private pending = false;
  private closed = false;
  private resolve: (() => void) | null = null;

  constructor(paths: string[]) {
    this.directories = new Set(paths.map((path) => dirname(path)));
  }

  /** Resolves when something changed since the last call, a second passed, or on close; after `pauseMs` at the earliest. */
  async wait(pauseMs: number): Promise<void> {
    this.watchAll();
    if (!this.pending && !this.closed) await this.nextSign();
    this.pending = false;
    if (pauseMs > 0 && !this.closed) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }

  close(): void {
    this.closed = true;
    for (const { watcher } of this.watchers.values()) watcher.close();
    this.watchers.clear();
    this.sign();
  }

  private nextSign(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.sign(), LOOK_EVERY_MS);
      this.resolve = () => {
        clearTimeout(timer);
        this.resolve = null;
        resolve();
      };
    });
  }

  private sign(): void {
    this.pending = true;
    this.resolve?.();
  }

  /** A directory that was removed and made anew is another one: its old watch is silent. */
  private watchAll(): void {
    for (const directory of this.directories) {
      const inode = statSync(directory, { throwIfNoEntry: false })?.ino ?? null;
      if (this.watchers.get(directory)?.inode === inode) continue;
      this.unwatch(directory);
      if (inode !== null) this.watchOne(directory, inode);
    }
  }

  private watchOne(directory: string, inode: number): void {
    try {
      const watcher = watch(directory, { persistent: false }, () => this.sign());
      watcher.on('error', () => this.unwatch(directory));
      this.watchers.set(directory, { watcher, inode });
    } catch {
      // Watches have run out: the look once a second goes on.
    }
  }

  private unwatch(directory: string): void {
    this.watchers.get(directory)?.watcher.close();
    this.watchers.delete(directory);
  }
}
