// The unix socket: frames in, replies and streams out. Knows the protocol's shape and its limits, nothing of processes.
// A peer that misbehaves loses its connection, never more.
import { chmodSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import {
  MAX_FRAME_BYTES,
  type Method,
  type MethodParams,
  type MethodResult,
  type StreamEvent,
  type WireError,
} from '../../api/protocol.ts';
import { errorText } from '../../os/errors.ts';
import { LineSplitter } from '../../rpc/line-splitter.ts';
import { RequestError } from './request-error.ts';

/** What a method may do with the connection it came by. */
export type Call<M extends Method> = {
  /** Sends one event of a stream; false: the peer is gone. */
  emit(event: StreamEvent<M>): boolean;
  /** Much of what was sent is still unread: a stream whose next event holds all that matters waits. */
  isBehind(): boolean;
  /** Aborts when the connection ends or the peer cancels. */
  signal: AbortSignal;
  connection: ClientConnection;
};
export type ClientConnection = { owning: boolean };

export type MethodTable = {
  [M in Method]: (params: MethodParams<M>, call: Call<M>) => Promise<MethodResult<M>> | MethodResult<M>;
};

const BEHIND_BYTES = 1024 * 1024;
/** A subscriber that does not read is cut off here. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;
const MAX_CALLS_PER_CONNECTION = 64;
const MAX_CONNECTIONS = 2_000;

/** A peer that does not read its last answer is not waited for longer than this. */
const CLOSE_TIMEOUT_MS = 1_000;

export type ApiServer = {
  /** No new connections; calls back when the last answers are with their peers. */
  close(onClosed: () => void): void;
  /** The socket was deleted: makes it again. Connections that stand are kept. */
  listenAgain(): Promise<void>;
};

/**
 * Listens on `path`; whoever calls holds the project's lock, so a socket that lies there is stale and is replaced.
 *
 * @param onOwnerGone the connection that owned the supervisor ended without `disown`.
 */
export async function serve(path: string, methods: MethodTable, onOwnerGone: () => void): Promise<ApiServer> {
  const sockets = new Set<Socket>();
  const open = async (): Promise<Server> => {
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      serveConnection(socket, methods, onOwnerGone);
    });
    server.maxConnections = MAX_CONNECTIONS;
    try {
      await listen(server, path);
    } catch (error) {
      server.close();
      throw error;
    }
    return server;
  };
  let server = await open();
  return {
    close(onClosed) {
      server.close(onClosed);
      for (const socket of sockets) socket.destroySoon();
      setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, CLOSE_TIMEOUT_MS).unref();
    },
    async listenAgain() {
      // First: it removes whatever lies at the path.
      server.close();
      server = await open();
    },
  };
}

async function listen(server: Server, path: string): Promise<void> {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  // A connection that could not be accepted for want of descriptors; its peer sees the end of it.
  server.on('error', () => undefined);
  chmodSync(path, 0o600);
}

function serveConnection(socket: Socket, methods: MethodTable, onOwnerGone: () => void): void {
  const connection: ClientConnection = { owning: false };
  const calls = new Map<number, AbortController>();
  const lines = new LineSplitter(MAX_FRAME_BYTES);
  const send = (reply: unknown): boolean => {
    if (socket.destroyed) return false;
    socket.write(`${JSON.stringify(reply)}\n`);
    if (socket.writableLength > MAX_UNREAD_BYTES) cutOff();
    return !socket.destroyed;
  };
  // It may be suspended only, and owns again when it is back: nothing is stopped for that.
  const cutOff = (): void => {
    connection.owning = false;
    socket.destroy();
  };
  const isBehind = (): boolean => socket.writableLength > BEHIND_BYTES;
  socket.on('data', (chunk) => {
    const fits = lines.push(chunk, (line) => handleLine(line, { methods, connection, calls, send, isBehind }));
    if (fits) return;
    send({ id: 0, error: { code: 'usage', message: `a frame may hold at most ${MAX_FRAME_BYTES} bytes` } });
    socket.destroySoon();
  });
  // Ends like any other: `close` follows.
  socket.on('error', () => undefined);
  socket.once('close', () => {
    for (const call of calls.values()) call.abort();
    if (connection.owning) onOwnerGone();
  });
}

type Conversation = {
  methods: MethodTable;
  connection: ClientConnection;
  calls: Map<number, AbortController>;
  send(reply: unknown): boolean;
  isBehind(): boolean;
};

function handleLine(line: string, { methods, connection, calls, send, isBehind }: Conversation): void {
  const request = parseRequest(line);
  if ('error' in request) {
    send({ id: request.id, error: request.error });
    return;
  }
  const { id, method, params } = request;
  if (method === 'cancel') {
    calls.get(id)?.abort();
    return;
  }
  if (!Object.hasOwn(methods, method)) {
    send({ id, error: { code: 'usage', message: `unknown method ${JSON.stringify(method.slice(0, 64))}` } });
    return;
  }
  if (calls.size >= MAX_CALLS_PER_CONNECTION || calls.has(id)) {
    send({ id, error: { code: 'usage', message: 'too many requests under way, or an id used twice' } });
    return;
  }
  const abort = new AbortController();
  calls.set(id, abort);
  const emit = (event: unknown): boolean => !abort.signal.aborted && send({ id, event });
  const run = methods[method as Method] as (params: unknown, call: unknown) => unknown;
  new Promise((resolve) => resolve(run(params, { emit, isBehind, signal: abort.signal, connection })))
    .then(
      (result) => send({ id, result }),
      (error) => send({ id, error: toWireError(error) }),
    )
    .finally(() => calls.delete(id));
}

type ParsedRequest = { id: number; method: string; params: object } | { id: number; error: WireError };

function parseRequest(line: string): ParsedRequest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return { id: 0, error: { code: 'usage', message: 'a frame must be one JSON object on one line' } };
  }
  const { id, method, params } = (parsed ?? {}) as { id?: unknown; method?: unknown; params?: unknown };
  const isObject = params === undefined || (typeof params === 'object' && params !== null && !Array.isArray(params));
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || typeof method !== 'string' || !isObject) {
    const error = { code: 'usage', message: 'a request is {"id": number, "method": string, "params": object}' };
    return { id: typeof id === 'number' ? id : 0, error };
  }
  return { id, method, params: params ?? {} };
}

function toWireError(error: unknown): WireError {
  return error instanceof RequestError ? error.wire : { code: 'internal', message: errorText(error) };
}
