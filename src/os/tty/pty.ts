// Pseudo-terminals come from a prebuilt native package that need not be there: it is optional, and not made for every system.

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

// Passes a signal on to the program on the terminal. The library reaps that program, and tells us up to 200 ms later: by then
// the pid may be a stranger's, so each signal goes out after a look at who has it.

/** To the program and what it runs with it; a shell has its jobs in groups of their own, which it ends itself. To nobody once
 * it has ended. */
export function forwardSignal(program: { pid: number; startTime: string }, signal: NodeJS.Signals): void {
  if (!isSameProcess(program)) return;
  try {
    process.kill(-program.pid, signal);
  } catch {
    // ESRCH: it has ended in this moment.
  }
}

// Writes what a terminal prints to a descriptor, in order, and lets the terminal wait while that is full: the program then
// blocks, as it would on a pipe.

export class TerminalOutput {
  #stream: WriteStream;
  #source: { pause(): void; resume(): void };

  constructor(fd: number, source: { pause(): void; resume(): void }) {
    this.#source = source;
    // In the thread pool: a blocking write would hold up signals and typed keys.
    this.#stream = createWriteStream('', { fd, autoClose: false });
    this.#stream.on('drain', () => this.#source.resume());
    this.#stream.on('error', () => this.#source.resume()); // nobody reads any more: the program goes on
  }

  write(chunk: Buffer): void {
    if (!this.#stream.write(chunk)) this.#source.pause();
  }

  /** Resolves when everything is written, or cannot be. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#stream.once('error', () => resolve());
      this.#stream.end(() => resolve());
    });
  }
}
