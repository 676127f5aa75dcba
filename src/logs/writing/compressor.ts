// Compresses rotated files, one at a time, in a short-lived process of low priority: never on the path of the lines.
import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';

const LOWEST_PRIORITY = 19;

export class Compressor {
  private readonly queued: string[] = [];
  private running: ChildProcess | null = null;

  /** `path` becomes `path.gz`; until that is complete the plain file stays. */
  add(path: string): void {
    this.queued.push(path);
    this.next();
  }

  /** What is not compressed yet stays plain. */
  stop(): void {
    this.queued.length = 0;
    this.running?.kill('SIGKILL');
  }

  private next(): void {
    if (this.running !== null || this.queued.length === 0) return;
    const path = this.queued.shift()!;
    const child = spawn(process.execPath, [process.argv[1]!, '--gzip', path], { stdio: 'ignore' });
    this.running = child;
    child.once('error', () => this.ended());
    child.once('exit', () => this.ended());
    if (child.pid === undefined) return;
    try {
      setPriority(child.pid, LOWEST_PRIORITY);
    } catch {
      // ESRCH: it is done already.
    }
  }

  private ended(): void {
    this.running = null;
    this.next();
  }
}
