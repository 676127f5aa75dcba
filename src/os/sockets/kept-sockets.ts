// Gives our listening sockets to a keeper process and gets them back from it, so that they outlive us. Where that cannot be had
// everything else works all the same: the sockets are then gone with us.
import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { builtEntry } from '../built-entry.ts';
import { type IpcPipe, loadNodeBindings, type NodeBindings, type SocketHandle } from './node-bindings.ts';

/** By its address as printed. */
export type KeptSocket = { address: string; kind: 'tcp' | 'unix'; fd: number };

const TAKE_TIMEOUT_MS = 3_000;

/** A keeper that we have started. */
export type SocketKeeper = {
  /** Resolves when it is gone, however far it had come. */
  end(): Promise<void>;
};

/** Where a keeper listens, and the file that is there as long as some supervisor has the project, or had it and was killed. */
export type KeeperPaths = { keeperSocket: string; stateFile: string };

/** Starts a keeper of these sockets, which outlives us. Only when the one before has gone: both want the path. */
export function startKeeper(
  { keeperSocket: path, stateFile }: KeeperPaths,
  sockets: readonly KeptSocket[],
  onFailure: (why: string) => void,
): SocketKeeper {
  const names = sockets.map(({ address, kind }) => ({ address, kind }));
  const keeper = spawn(process.execPath, [builtEntry('socket-keeper.js'), path, JSON.stringify(names), stateFile], {
    stdio: ['ignore', 'ignore', 'ignore', ...sockets.map(({ fd }) => fd)],
    detached: true,
    env: {},
  });
  const gone = new Promise<void>((resolve) => {
    keeper.on('error', (error) => {
      onFailure(error.message);
      resolve();
    });
    keeper.on('exit', (code) => {
      if (code !== 0 && code !== null) onFailure(`the keeper ended with exit code ${code}`);
      resolve();
    });
  });
  keeper.unref();
  return {
    end: async () => {
      keeper.ref();
      keeper.kill('SIGKILL');
      await gone;
      rmSync(path, { force: true });
    },
  };
}

/** @returns what a keeper has, by address; empty where there is none, or it does not answer. */
export async function takeKeptSockets(path: string): Promise<Map<string, SocketHandle>> {
  if (!existsSync(path)) return new Map();
  const taking = new KeeperConversation(path);
  const timer = setTimeout(() => taking.end(), TAKE_TIMEOUT_MS);
  const taken = await taking.done;
  clearTimeout(timer);
  return taken;
}

/** Of an earlier supervisor's keeper: resolves when it, if there is one, has been told to leave. */
export function dismissKeeper(path: string): Promise<void> {
  return new Promise((resolve) => {
    if (!existsSync(path)) return resolve();
    const client = connect(path, () => client.write('leave'));
    client.on('error', () => undefined); // there is none any more
    client.on('close', () => resolve());
    client.setTimeout(TAKE_TIMEOUT_MS, () => client.destroy());
    client.resume();
  });
}

/** One conversation: the list of addresses first, then one socket after the other. */
class KeeperConversation {
  readonly done: Promise<Map<string, SocketHandle>>;
  #resolve: (taken: Map<string, SocketHandle>) => void = () => undefined;
  #taken = new Map<string, SocketHandle>();
  #addresses: string[] | null = null;
  #bindings: NodeBindings | null = null;
  #pipe: IpcPipe | null = null;

  constructor(path: string) {
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    try {
      this.#begin(path);
    } catch {
      this.end(); // a Node without these parts: nothing can be taken
    }
  }

  #begin(path: string): void {
    const bindings = loadNodeBindings();
    const pipe = bindings.newPipe('IPC');
    this.#bindings = bindings;
    this.#pipe = pipe;
    const request = bindings.newConnect();
    request.oncomplete = (status) => (status === 0 ? pipe.readStart() : this.end());
    pipe.onread = (bytes) => this.#read(bytes);
    if (pipe.connect(request, path) !== 0) this.end();
  }

  #read(bytes: ArrayBuffer | undefined): void {
    const pipe = this.#pipe;
    if (!bytes || !pipe) {
      this.end();
      return;
    }
    const handle = pipe.pendingHandle;
    pipe.pendingHandle = null;
    if (this.#addresses === null) this.#addresses = JSON.parse(Buffer.from(bytes).toString('utf8')) as string[];
    else if (handle) this.#taken.set(this.#addresses[this.#taken.size]!, handle);
    if (this.#taken.size === this.#addresses.length) {
      this.end();
      return;
    }
    const request = this.#bindings!.newWrite();
    request.oncomplete = () => undefined;
    pipe.writeUtf8String(request, String(this.#taken.size));
  }

  end(): void {
    this.#pipe?.close();
    this.#pipe = null;
    this.#resolve(this.#taken);
  }
}
