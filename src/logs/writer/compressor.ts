// Compresses rotated files, one at a time, in a short-lived process of low priority: never on the path of the lines.
import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';

const LOWEST_PRIORITY = 19;

export class Compressor {
  readonly #queued = new Set<string>();
  #current: string | null = null;
  #running: ChildProcess | null = null;

  /** `path` becomes `path.gz`; the plain file stays until that is complete. A file that waits or is under way is not added again. */
  add(path: string): void {
    if (path !== this.#current) this.#queued.add(path);
    this.#next();
  }

  /** Files that are not compressed yet stay plain. */
  stop(): void {
    this.#queued.clear();
    this.#running?.kill('SIGKILL');
  }

  #next(): void {
    const [path] = this.#queued;
    if (this.#running !== null || path === undefined) return;
    this.#queued.delete(path);
    const child = spawn(process.execPath, [process.argv[1]!, '--gzip', path], { stdio: 'ignore' });
    this.#running = child;
    this.#current = path;
    child.once('error', () => this.#ended());
    child.once('exit', () => this.#ended());
    if (child.pid === undefined) return;
    try {
      setPriority(child.pid, LOWEST_PRIORITY);
    } catch {
      // ESRCH: it has finished already.
    }
  }

  #ended(): void {
    this.#running = null;
    this.#current = null;
    this.#next();
  }
}
