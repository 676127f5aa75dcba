// The connection to the project's log writer: connects or starts one, greets it, reconnects when it is lost.
// Knows no queue and no instance; what a new writer must be sent is the caller's (`onUp`).
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { getSystemErrorName } from 'node:util';
import type { ProjectPaths } from '../api/paths.ts';
import { processExists } from '../api/recorded-places.ts';
import { builtEntry } from '../os/built-entry.ts';
import { RpcClient } from '../rpc/rpc-client.ts';
import { leanNodeOptions } from './lean-node.ts';
import {
  LOG_PROTOCOL,
  MAX_LOG_FRAME_BYTES,
  type WriterEvent,
  type WriterMethod,
  type WriterMethods,
} from './writer-protocol.ts';

/** A new writer needs about 80 ms until it listens. */
const START_TIMEOUT_MS = 5000;
/** The first instances start sooner without it; their FIFOs keep what they write. */
const START_WITHIN_MS = 150;
const CONNECT_RETRY_MS = 15;
const FIRST_RECONNECT_MS = 50;
const EXIT_TIMEOUT_MS = 1000;
const MAX_RECONNECT_MS = 2000;

type WriterConnectionOptions = {
  onLost(reason: string): void;
  onEvent(event: WriterEvent): void;
  entry?: string;
  startWithinMs?: number;
};

export class WriterConnection {
  /** To a writer that was greeted. */
  #rpc: RpcClient | null = null;
  #writerPid: number | null = null;
  #closed = false;
  #upWaiters: (() => void)[] = [];
  /** Until then a writer that runs is connected to, and none is started. */
  #mayStart: Promise<void>;
  #allowStart: () => void = () => undefined;
  readonly #paths: ProjectPaths;
  readonly #options: WriterConnectionOptions;
  readonly #onUp: () => Promise<void>;

  constructor(paths: ProjectPaths, options: WriterConnectionOptions, onUp: () => Promise<void>) {
    this.#paths = paths;
    this.#options = options;
    this.#onUp = onUp;
    this.#mayStart = new Promise((resolve) => {
      this.#allowStart = resolve;
    });
    setTimeout(() => this.start(), options.startWithinMs ?? START_WITHIN_MS).unref();
    void this.#establish();
  }

  /** Starts a writer where none runs. */
  start(): void {
    this.#allowStart();
  }

  /** Not between the writer's end and the `close` of its socket: nothing that is sent then arrives. */
  isUp(): boolean {
    return this.#rpc?.isOpen() ?? false;
  }

  /** Resolves once a writer is connected and up to date; never after `close`. */
  whenUp(): Promise<void> {
    return this.isUp() ? Promise.resolve() : new Promise((resolve) => this.#upWaiters.push(resolve));
  }

  /** Rejects when the connection is lost before the answer, or with the writer's error. */
  async request<M extends WriterMethod>(method: M, params: WriterMethods[M][0]): Promise<WriterMethods[M][1]> {
    this.start();
    await this.whenUp();
    return this.send(method, params);
  }

  /** As `request`, on the present connection only. */
  send<M extends WriterMethod>(method: M, params: WriterMethods[M][0]): Promise<WriterMethods[M][1]> {
    if (this.#rpc === null) return Promise.reject(new Error('the log writer is not connected'));
    return sendOn(this.#rpc, method, params);
  }

  /** Asks the writer to flush and exit, and kills it after the deadline. A writer that is being started is waited for, so that
   * it does not stay behind. */
  async shutdown(deadlineMs: number): Promise<void> {
    this.start();
    await Promise.race([this.whenUp(), unrefDelay(deadlineMs)]);
    const killTimer = setTimeout(() => this.#killWriter(), deadlineMs + 250);
    const asked = this.send('shutdown', { deadlineMs }).catch(() => undefined); // lost: the writer has exited already
    this.#closed = true;
    await Promise.race([asked.then(() => this.#rpc?.closed), unrefDelay(deadlineMs + 500)]);
    clearTimeout(killTimer);
    this.close();
    await this.#whenExited();
  }

  close(): void {
    this.#closed = true;
    this.start(); // what waits for it ends
    this.#rpc?.abandon('the connection was closed');
    this.#rpc = null;
  }

  async #establish(): Promise<void> {
    for (let pauseMs = FIRST_RECONNECT_MS; !this.#closed; pauseMs = Math.min(pauseMs * 2, MAX_RECONNECT_MS)) {
      const rpc = (await this.#tryConnect()) ?? (await this.#startAndConnect());
      if (this.#closed) return rpc?.abandon('the connection was closed');
      if (rpc !== null && (await this.#handshake(rpc))) return;
      await delay(pauseMs);
    }
  }

  /** @returns false where the writer speaks another protocol; it has then been asked to exit. */
  async #handshake(rpc: RpcClient): Promise<boolean> {
    let isUp = false;
    try {
      const hello = await sendOn(rpc, 'hello', { protocol: LOG_PROTOCOL });
      if (hello.protocol !== LOG_PROTOCOL) {
        await sendOn(rpc, 'shutdown', { deadlineMs: 1000 });
        return false;
      }
      this.#writerPid = hello.pid;
      this.#rpc = rpc;
      isUp = true;
      await this.#onUp();
    } catch {
      if (isUp && this.#rpc !== rpc) return true; // lost meanwhile: `handleClose` has started the next round
      rpc.abandon('the log writer was lost during the handshake'); // the next round connects again
      this.#rpc = null;
      return false;
    }
    for (const resolve of this.#upWaiters.splice(0)) resolve();
    return true;
  }

  #handleClose(rpc: RpcClient, reason: string): void {
    if (this.#rpc !== rpc) return;
    this.#rpc = null;
    if (this.#closed) return;
    this.#options.onLost(reason);
    void this.#establish();
  }

  async #startAndConnect(): Promise<RpcClient | null> {
    await this.#mayStart;
    if (this.#closed) return null;
    let child: ChildProcess;
    try {
      child = spawnWriter(this.#paths, this.#options.entry ?? builtEntry('log-writer.cjs'));
    } catch (error) {
      this.#report('log_writer_failed', `the log writer could not be started: ${(error as Error).message}`);
      return null;
    }
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (!this.#closed && performance.now() < deadline) {
      const ended = hasEnded(child); // asked before connecting: it may have exited because another writer serves
      const rpc = await this.#tryConnect();
      if (rpc !== null) return rpc;
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

  /** @returns null: no writer listens yet */
  #tryConnect(): Promise<RpcClient | null> {
    return new Promise((resolve) => {
      const socket = connect(this.#paths.logSocket);
      socket.once('connect', () => {
        socket.removeAllListeners('error');
        const rpc: RpcClient = new RpcClient(socket, {
          maxFrameBytes: MAX_LOG_FRAME_BYTES,
          peer: 'the log writer',
          endedText: 'the log writer ended',
          toError: (error) => new Error(typeof error === 'string' ? error : error.message),
          onEvent: (event) => this.#options.onEvent(event as WriterEvent),
          onClose: (reason) => this.#handleClose(rpc, reason),
        });
        resolve(rpc);
      });
      socket.once('error', () => resolve(null)); // missing or stale socket
    });
  }

  /** An open connection proves that the pid is still the writer's. */
  #killWriter(): void {
    if (!this.#rpc?.isOpen() || this.#writerPid === null) return;
    try {
      process.kill(this.#writerPid, 'SIGKILL');
    } catch {
      // ESRCH: it has just exited.
    }
  }

  /** The socket closes shortly before the process is gone; after `shutdown` no process may be left. */
  async #whenExited(): Promise<void> {
    const giveUpMs = performance.now() + EXIT_TIMEOUT_MS;
    while (this.#writerPid !== null && processExists(this.#writerPid) && performance.now() < giveUpMs) await delay(5);
  }
}

function sendOn<M extends WriterMethod>(rpc: RpcClient, method: M, params: WriterMethods[M][0]) {
  return rpc.send(method, params).done as Promise<WriterMethods[M][1]>;
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

function exitText({ exitCode, signalCode }: ChildProcess): string {
  if (signalCode !== null) return `ended by ${signalCode} before it listened`;
  if (exitCode! < 0) return `could not be started: ${getSystemErrorName(exitCode!)}`; // Node reports a failed spawn in this way
  return `ended with exit code ${exitCode} before it listened`;
}

function spawnWriter(paths: ProjectPaths, entry: string): ChildProcess {
  mkdirSync(paths.socketDir, { recursive: true, mode: 0o700 });
  mkdirSync(paths.stateDir, { recursive: true, mode: 0o700 });
  const log = openSync(paths.supervisorLog, 'a', 0o600);
  try {
    const child = spawn(
      process.execPath,
      [...leanNodeOptions(process.versions.node), entry, paths.root, paths.stateDir],
      {
        cwd: paths.root,
        stdio: ['ignore', log, log],
        detached: true,
      },
    );
    child.on('error', () => undefined); // the caller sees that no writer listens
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** Does not keep this process running. */
const unrefDelay = (ms: number) => delay(ms, undefined, { ref: false });
