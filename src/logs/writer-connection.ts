// The connection to the project's log writer and its life: connect or start one, greet, reconnect when it is lost.
// Knows no queue and no instance; what a new writer must be told is the caller's (`onUp`).
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { ProjectPaths } from '../api/paths.ts';
import { builtEntry } from '../os/built-entry.ts';
import { LineSplitter } from '../rpc/line-splitter.ts';
import { leanNodeOptions } from './lean-node.ts';
import {
  LOG_PROTOCOL,
  MAX_LOG_FRAME_BYTES,
  type WriterEvent,
  type WriterMethod,
  type WriterMethods,
} from './writer-protocol.ts';

/** A fresh writer needs about 80 ms to listen. */
const START_TIMEOUT_MS = 5000;
const CONNECT_RETRY_MS = 15;
const FIRST_RECONNECT_MS = 50;
const EXIT_TIMEOUT_MS = 1000;
const MAX_RECONNECT_MS = 2000;

type WriterConnectionOptions = { onLost(reason: string): void; onEvent(event: WriterEvent): void; entry?: string };
type PendingWriterRequest = { resolve(result: unknown): void; reject(error: Error): void };

export class WriterConnection {
  #socket: Socket | null = null;
  #writerPid: number | null = null;
  #closed = false;
  #nextId = 1;
  readonly #pending = new Map<number, PendingWriterRequest>();
  #upWaiters: (() => void)[] = [];
  readonly #paths: ProjectPaths;
  readonly #options: WriterConnectionOptions;
  readonly #onUp: () => Promise<void>;

  constructor(paths: ProjectPaths, options: WriterConnectionOptions, onUp: () => Promise<void>) {
    this.#paths = paths;
    this.#options = options;
    this.#onUp = onUp;
    void this.#establish();
  }

  isUp(): boolean {
    return this.#socket !== null;
  }

  /** Resolves once a writer is connected and has been told all; never, after `close`. */
  whenUp(): Promise<void> {
    return this.#socket !== null ? Promise.resolve() : new Promise((resolve) => this.#upWaiters.push(resolve));
  }

  /** Rejects when the connection is lost before the answer, or with what the writer found wrong. */
  async request<M extends WriterMethod>(method: M, params: WriterMethods[M][0]): Promise<WriterMethods[M][1]> {
    await this.whenUp();
    return this.send(method, params);
  }

  /** As `request`, on the connection that stands now. */
  send<M extends WriterMethod>(method: M, params: WriterMethods[M][0]): Promise<WriterMethods[M][1]> {
    const socket = this.#socket;
    if (socket === null) return Promise.reject(new Error('the log writer is not connected'));
    return this.#sendOn(socket, method, params);
  }

  /** Asks the writer to flush and leave; one that has not left by the deadline is ended by force. One that is just being
   * started is waited for, so that it does not stay behind. */
  async shutdown(deadlineMs: number): Promise<void> {
    await Promise.race([this.whenUp(), unrefDelay(deadlineMs)]);
    const patience = setTimeout(() => this.#killWriter(), deadlineMs + 250);
    const asked = this.send('shutdown', { deadlineMs }).catch(() => undefined); // gone already: that is what was asked
    this.#closed = true;
    await Promise.race([asked.then(() => this.#whenClosed()), unrefDelay(deadlineMs + 500)]);
    clearTimeout(patience);
    this.close();
    await this.#whenExited();
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
    this.#socket = null;
  }

  async #establish(): Promise<void> {
    for (let pauseMs = FIRST_RECONNECT_MS; !this.#closed; pauseMs = Math.min(pauseMs * 2, MAX_RECONNECT_MS)) {
      const socket = (await tryConnect(this.#paths.logSocket)) ?? (await this.#startAndConnect());
      if (this.#closed) return void socket?.destroy();
      if (socket !== null && (await this.#handshake(socket))) return;
      await delay(pauseMs);
    }
  }

  /** @returns false where the writer speaks another protocol; it has then been asked to leave. */
  async #handshake(socket: Socket): Promise<boolean> {
    this.#readFrom(socket);
    try {
      const hello = await this.#sendOn(socket, 'hello', { protocol: LOG_PROTOCOL });
      if (hello.protocol !== LOG_PROTOCOL) {
        await this.#sendOn(socket, 'shutdown', { deadlineMs: 1000 });
        return false;
      }
      this.#writerPid = hello.pid;
      this.#socket = socket;
      await this.#onUp();
    } catch {
      socket.destroy(); // lost while greeting: the next round connects again
      if (this.#socket === socket) this.#socket = null;
      return false;
    }
    for (const resolve of this.#upWaiters.splice(0)) resolve();
    return true;
  }

  #sendOn<M extends WriterMethod>(socket: Socket, method: M, params: WriterMethods[M][0]) {
    return new Promise<WriterMethods[M][1]>((resolve, reject) => {
      const id = this.#nextId++;
      this.#pending.set(id, { resolve: resolve as PendingWriterRequest['resolve'], reject });
      socket.write(`${JSON.stringify({ id, method, params })}\n`);
    });
  }

  #readFrom(socket: Socket): void {
    const lines = new LineSplitter(MAX_LOG_FRAME_BYTES);
    let reason = 'the log writer ended';
    socket.on('data', (chunk: Buffer) => {
      if (!lines.push(chunk, (line) => this.#receive(line))) socket.destroy();
    });
    socket.on('error', (error) => {
      reason = `the connection to the log writer broke: ${error.message}`;
    });
    socket.once('close', () => this.#handleClose(socket, reason));
  }

  #handleClose(socket: Socket, reason: string): void {
    for (const pending of this.#pending.values()) pending.reject(new Error(reason));
    this.#pending.clear();
    if (this.#socket !== socket) return;
    this.#socket = null;
    if (this.#closed) return;
    this.#options.onLost(reason);
    void this.#establish();
  }

  #receive(line: string): void {
    const reply = JSON.parse(line) as { id?: number; result?: unknown; error?: string; event?: WriterEvent };
    if (reply.event !== undefined) {
      this.#options.onEvent(reply.event);
      return;
    }
    const pending = this.#pending.get(reply.id ?? 0);
    this.#pending.delete(reply.id ?? 0);
    if (reply.error !== undefined) pending?.reject(new Error(reply.error));
    else pending?.resolve(reply.result);
  }

  async #startAndConnect(): Promise<Socket | null> {
    let child: ChildProcess;
    try {
      child = spawnWriter(this.#paths, this.#options.entry ?? builtEntry('log-writer.cjs'));
    } catch (error) {
      this.#report('log_writer_failed', `the log writer could not be started: ${(error as Error).message}`);
      return null;
    }
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (!this.#closed && performance.now() < deadline) {
      const ended = hasEnded(child); // asked before the connection is tried: it may have left because another one serves
      const socket = await tryConnect(this.#paths.logSocket);
      if (socket !== null) return socket;
      if (ended) break;
      await delay(CONNECT_RETRY_MS);
    }
    if (this.#closed) return null;
    const what = hasEnded(child) ? exitText(child) : `did not listen within ${START_TIMEOUT_MS} ms`;
    this.#report('log_writer_failed', `the log writer ${what}`);
    return null;
  }

  #report(type: string, message: string): void {
    this.#options.onEvent({ type, queue: null, instance: null, message, details: { log: this.#paths.supervisorLog } });
  }

  /** An open connection proves that the pid is still the writer's. */
  #killWriter(): void {
    if (this.#socket === null || this.#socket.destroyed || this.#writerPid === null) return;
    try {
      process.kill(this.#writerPid, 'SIGKILL');
    } catch {
      // ESRCH: it left in this very moment.
    }
  }

  /** The socket closes a moment before the process is gone; who asked for the end wants nothing to be left. */
  async #whenExited(): Promise<void> {
    const giveUpMs = performance.now() + EXIT_TIMEOUT_MS;
    while (this.#writerPid !== null && processExists(this.#writerPid) && performance.now() < giveUpMs) await delay(5);
  }

  #whenClosed(): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve) => {
      if (socket === null || socket.destroyed) resolve();
      else socket.once('close', () => resolve());
    });
  }
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // ESRCH: it has been reaped
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

function exitText({ exitCode, signalCode }: ChildProcess): string {
  if (signalCode !== null) return `ended by ${signalCode} before it listened`;
  if (exitCode! < 0) return `could not be started: ${getSystemErrorName(exitCode!)}`; // Node's way to say that spawn failed
  return `ended with exit code ${exitCode} before it listened`;
}

function spawnWriter(paths: ProjectPaths, entry: string): ChildProcess {
  mkdirSync(paths.socketDir, { recursive: true, mode: 0o700 });
  mkdirSync(paths.stateDir, { recursive: true, mode: 0o700 });
  const log = openSync(paths.supervisorLog, 'a', 0o600);
  try {
    const child = spawn(process.execPath, [...leanNodeOptions(process.versions.node), entry, paths.root], {
      cwd: paths.root,
      stdio: ['ignore', log, log],
      detached: true,
    });
    child.on('error', () => undefined); // no pid, no listener: the caller sees that nobody listens
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

function tryConnect(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', () => resolve(null)); // nobody there yet
  });
}

const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** As `sleep`, but nobody stays alive for it. */
const unrefDelay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref());
