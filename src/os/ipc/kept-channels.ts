// The IPC channels of programs, by Node's protocol: a socket whose number is in NODE_CHANNEL_FD, a JSON value per line. The
// program has one end, the channel keeper the other; this is the supervisor's connection to the keeper, which it starts.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { builtEntry } from '../built-entry.ts';
import type { FirstLine, KeeperReport, KeeperRequest } from './keeper-protocol.ts';
import { MessageLines } from './message-lines.ts';

/** The socket of the keeper, and the file that exists while a supervisor has the project, or after it was killed. */
export type ChannelPaths = { channelSocket: string; stateFile: string };

export type ChannelListener = {
  /** The program sent this message, which was waited for, for the first time. */
  onReceived(channel: string): void;
  /** The program sent a message that is too long to be read, for the first time. */
  onTooLong(channel: string): void;
  /** The keeper was lost, and all channels with it. */
  onLost(): void;
};

/** The end of a program, until it has been started. */
export type ProgramEnd = { fd: number; close(): void };

const START_TIMEOUT_MS = 5_000;
const RETRY_MS = 10;
/** A keeper that does not answer is stuck: a stop must not wait for it. */
const ANSWER_TIMEOUT_MS = 1_000;
/** It only passes lines on. */
const SMALL_HEAP_FLAGS = ['--max-semi-space-size=1'];

export class KeptChannels {
  #paths: ChannelPaths;
  #listener: ChannelListener;
  /** The connection to the keeper, one attempt after the other. */
  #connection: Promise<Socket | null> = Promise.resolve(null);
  #keeper: ChildProcess | null = null;
  #received = new Map<string, Set<string>>();
  #pending = new Map<number, (isSent: boolean) => void>();
  #nextId = 1;
  #isClosing = false;

  constructor(paths: ChannelPaths, listener: ChannelListener) {
    this.#paths = paths;
    this.#listener = listener;
  }

  /** @param expected messages that are waited for. Rejects where no keeper can be started. */
  async open(channel: string, expected: string[]): Promise<ProgramEnd> {
    if ((await this.#connect(true)) === null) throw failure('the process that holds IPC channels cannot be started');
    const socket = await dialWithin(this.#paths.channelSocket, START_TIMEOUT_MS);
    if (socket === null) throw failure('the process that holds IPC channels cannot be reached');
    await write(socket, { channel, expect: expected });
    const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
    // Not `end`: that would close the channel in the program as well.
    return { fd, close: () => void socket.destroy() };
  }

  /** For a program that an earlier supervisor started: connects to its keeper, if it still runs. */
  async resume(channel: string, expected: string[]): Promise<void> {
    const connection = await this.#connect(false);
    if (connection) await write(connection, { expect: channel, messages: expected });
  }

  hasReceived(channel: string, message: string): boolean {
    return this.#received.get(channel)?.has(message) ?? false;
  }

  /** @returns false: the program has closed its end, or nothing holds the channel */
  async send(channel: string, message: string): Promise<boolean> {
    const connection = await this.#connect(false);
    if (!connection) return false;
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#answered(id, false), ANSWER_TIMEOUT_MS);
      this.#pending.set(id, (isSent) => {
        clearTimeout(timer);
        resolve(isSent);
      });
      void write(connection, { id, send: channel, message });
    });
  }

  /** The program has ended. */
  forget(channel: string): void {
    this.#received.delete(channel);
    void this.#connection.then((connection) => connection && write(connection, { forget: channel }));
  }

  /** The next supervisor takes over: the keeper stays. */
  async handOver(): Promise<void> {
    this.#isClosing = true;
    (await this.#connection)?.destroy();
  }

  /** Every program has ended. Resolves when the keeper, also that of an earlier supervisor, is gone. */
  async close(): Promise<void> {
    const connection = await this.#connect(false);
    this.#isClosing = true;
    if (!connection) return rmSync(this.#paths.channelSocket, { force: true });
    const keeper = this.#keeper;
    const gone = new Promise<void>((resolve) => {
      if (keeper) keeper.once('exit', () => resolve());
      else connection.once('close', () => resolve());
    });
    keeper?.ref();
    await write(connection, { leave: true });
    await Promise.race([gone, sleep(ANSWER_TIMEOUT_MS).then(() => keeper?.kill('SIGKILL'))]);
  }

  #connect(mayStart: boolean): Promise<Socket | null> {
    this.#connection = this.#connection.then(async (known) => {
      if (known && !known.destroyed) return known;
      if (this.#isClosing) return null;
      const found = (await dial(this.#paths.channelSocket)) ?? (mayStart ? await this.#startKeeper() : null);
      if (found) await this.#begin(found);
      return found;
    });
    return this.#connection;
  }

  async #startKeeper(): Promise<Socket | null> {
    const { channelSocket, stateFile } = this.#paths;
    const args = [...SMALL_HEAP_FLAGS, builtEntry('channel-keeper.cjs'), channelSocket, stateFile];
    const keeper = spawn(process.execPath, args, { stdio: 'ignore', detached: true, env: {} });
    let isGone = false;
    const gone = (): void => {
      isGone = true;
      if (this.#keeper === keeper) this.#keeper = null;
    };
    keeper.on('error', gone);
    keeper.on('exit', gone);
    keeper.unref();
    this.#keeper = keeper;
    return await dialWithin(channelSocket, START_TIMEOUT_MS, () => isGone);
  }

  async #begin(connection: Socket): Promise<void> {
    const lines = new MessageLines();
    connection.on('data', (chunk) => lines.push(chunk, (line) => this.#reported(line)));
    connection.on('close', () => this.#ended());
    connection.resume();
    connection.unref();
    await write(connection, { supervisor: true });
  }

  #reported(line: Buffer): void {
    const report = JSON.parse(line.toString('utf8')) as KeeperReport;
    if ('id' in report) this.#answered(report.id, report.sent);
    else if ('tooLong' in report) this.#listener.onTooLong(report.channel);
    else this.#note(report.channel, report.received);
  }

  #note(channel: string, message: string): void {
    const received = this.#received.get(channel) ?? new Set();
    this.#received.set(channel, received.add(message));
    this.#listener.onReceived(channel);
  }

  #answered(id: number, isSent: boolean): void {
    const answer = this.#pending.get(id);
    this.#pending.delete(id);
    answer?.(isSent);
  }

  #ended(): void {
    for (const id of [...this.#pending.keys()]) this.#answered(id, false);
    if (!this.#isClosing) this.#listener.onLost();
  }
}

/** Not a failure of the program: the start is repeated. */
const failure = (message: string): Error => Object.assign(new Error(message), { code: 'EAGAIN' });

/** @returns null where nothing listens there within the time, or `isOver` */
async function dialWithin(path: string, withinMs: number, isOver = (): boolean => false): Promise<Socket | null> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    const socket = await dial(path);
    if (socket !== null || isOver() || performance.now() > untilMs) return socket;
    await sleep(RETRY_MS);
  }
}

/** A connection that nothing is read from: what a program is sent must not arrive here. */
function dial(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    if (!existsSync(path)) return resolve(null);
    const socket = new Socket();
    socket.pause();
    socket.once('error', () => resolve(null));
    socket.once('connect', () => {
      socket.on('error', () => undefined); // `close` follows
      resolve(socket);
    });
    socket.connect(path);
  });
}

/** Resolves when the kernel has it, or the connection is gone. */
function write(socket: Socket, line: FirstLine | KeeperRequest): Promise<void> {
  return new Promise((resolve) => {
    socket.write(`${JSON.stringify(line)}\n`, () => resolve());
  });
}
