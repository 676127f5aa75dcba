// Pseudo-terminals, from a prebuilt native package that is optional and not available on every system; their signals and
// their output.
import { createWriteStream, type WriteStream } from 'node:fs';
import { createRequire } from 'node:module';
import { isSameProcess } from '../process/identity.ts';

export type Pty = {
  pid: number;
  onData(listener: (data: string) => void): void;
  onExit(listener: (end: { exitCode: number; signal?: number }) => void): void;
  write(data: string): void;
  resize(columns: number, rows: number): void;
  pause(): void;
  resume(): void;
};
type PtyOptions = { cols: number; rows: number; cwd: string; env: Record<string, string>; encoding: null };
type PtyLibrary = { spawn(file: string, args: string[], options: PtyOptions): Pty };

/** @throws where it cannot be loaded */
export function loadPty(): PtyLibrary {
  return createRequire(import.meta.url)('@lydell/node-pty') as PtyLibrary;
}

/**
 * Sends a signal to the program on the terminal and its group; a shell runs jobs in groups of their own, which it ends
 * itself. The library reaps the program and reports it up to 200 ms later: as another process may have the pid by then,
 * its start time is checked first.
 */
export function forwardSignal(program: { pid: number; startTime: string }, signal: NodeJS.Signals): void {
  if (!isSameProcess(program)) return;
  try {
    process.kill(-program.pid, signal);
  } catch {
    // ESRCH: it has just exited
  }
}

/**
 * Writes the output of a terminal to a descriptor, in order, and pauses the terminal while that is full: the program then
 * blocks, as it would on a pipe.
 */
export class TerminalOutput {
  #stream: WriteStream;
  #source: { pause(): void; resume(): void };

  constructor(fd: number, source: { pause(): void; resume(): void }) {
    this.#source = source;
    // In the thread pool: a blocking write would delay signals and typed keys.
    this.#stream = createWriteStream('', { fd, autoClose: false });
    this.#stream.on('drain', () => this.#source.resume());
    this.#stream.on('error', () => this.#source.resume()); // the reader is gone: the program may continue
  }

  write(chunk: Buffer): void {
    if (!this.#stream.write(chunk)) this.#source.pause();
  }

  /** Resolves when everything is written, or the write failed. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#stream.once('error', () => resolve());
      this.#stream.end(() => resolve());
    });
  }
}
