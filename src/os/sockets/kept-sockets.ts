// Gives our listening sockets to a keeper process and takes them back from it, so that they outlive us. Where that is not
// possible, the sockets close with us; nothing else depends on it.
import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { builtEntry } from '../built-entry.ts';
import { type IpcPipe, loadNodeBindings, type NodeBindings, type SocketHandle } from './node-bindings.ts';

/** `address` as it is printed. */
export type KeptSocket = { address: string; kind: 'tcp' | 'unix'; fd: number };

const TAKE_TIMEOUT_MS = 3_000;

/** A keeper that we have started. */
export type SocketKeeper = {
  /** Resolves when the keeper is gone, even if it was just starting. */
  end(): Promise<void>;
};

/** The socket of a keeper, and the file that exists while a supervisor has the project, or after it was killed. */
export type KeeperPaths = { keeperSocket: string; stateFile: string };

/** Starts a keeper of these sockets, which outlives us. The keeper before must be gone: both use the path. */
export function startKeeper(
  { keeperSocket: path, stateFile }: KeeperPaths,
  sockets: readonly KeptSocket[],
  onFailure: (why: string) => void,
): SocketKeeper {
  const names = sockets.map(({ address, kind }) => ({ address, kind }));
  const keeper = spawn(process.execPath, [builtEntry('socket-keeper.cjs'), path, JSON.stringify(names), stateFile], {
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
      if (code !== 0 && code !== null) onFailure(`the socket keeper exited with code ${code}`);
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

/** @returns the sockets of a keeper, by address; empty without a keeper, or if it does not answer */
export function takeKeptSockets(path: string): Promise<Map<string, SocketHandle>> {
  const taken = new Map<string, SocketHandle>();
  if (!existsSync(path)) return Promise.resolve(taken);
  return new Promise((resolve) => {
    let pipe: IpcPipe | null = null;
    const end = (): void => {
      clearTimeout(timer);
      pipe?.close();
      pipe = null;
      resolve(taken);
    };
    const timer = setTimeout(end, TAKE_TIMEOUT_MS);
    try {
      const bindings = loadNodeBindings();
      pipe = bindings.newPipe('IPC');
      startTaking(pipe, path, bindings, taken, end);
    } catch {
      end(); // this Node lacks the bindings: nothing can be taken
    }
  });
}

/** The keeper sends the list of its addresses first; then we ask for one socket after the other. */
function startTaking(
  pipe: IpcPipe,
  path: string,
  bindings: NodeBindings,
  taken: Map<string, SocketHandle>,
  end: () => void,
): void {
  let addresses: string[] | null = null;
  pipe.onread = (bytes) => {
    if (!bytes) return end();
    const handle = pipe.pendingHandle;
    pipe.pendingHandle = null;
    if (addresses === null) addresses = JSON.parse(Buffer.from(bytes).toString('utf8')) as string[];
    else if (handle) taken.set(addresses[taken.size]!, handle);
    if (taken.size === addresses.length) return end();
    const request = bindings.newWrite();
    request.oncomplete = () => undefined;
    pipe.writeUtf8String(request, String(taken.size));
  };
  const connection = bindings.newConnect();
  connection.oncomplete = (status) => (status === 0 ? pipe.readStart() : end());
  if (pipe.connect(connection, path) !== 0) end();
}

/** Ends the keeper of an earlier supervisor, where there is one. Resolves when it closed the connection. */
export function dismissKeeper(path: string): Promise<void> {
  return new Promise((resolve) => {
    if (!existsSync(path)) return resolve();
    const client = connect(path, () => client.write('leave'));
    client.on('error', () => undefined); // it is gone already
    client.on('close', () => resolve());
    client.setTimeout(TAKE_TIMEOUT_MS, () => client.destroy());
    client.resume();
  });
}
