// The supervisor's API on its unix socket: calls methods, sends replies and streams, holds the limits of a connection.
// Knows no process. A client that misbehaves loses its connection, never more.
import {
  MAX_FRAME_BYTES,
  type Method,
  type MethodParams,
  type MethodResult,
  type StreamEvent,
  type WireError,
} from '../../api/protocol.ts';
import { errorText } from '../../os/errors.ts';
import { type PeerListener, type RpcPeer, RpcServer } from '../../rpc/rpc-server.ts';
import { RequestError } from './request-error.ts';

/** What a method may do with the connection of its call. */
export type Call<M extends Method> = {
  /** Sends one event of a stream; false: the client is gone. */
  emit(event: StreamEvent<M>): boolean;
  /** Much of what was sent is unread: a stream whose next event is complete in itself skips this one. */
  isBehind(): boolean;
  /** Aborts when the connection ends or the client cancels. */
  signal: AbortSignal;
  connection: ClientConnection;
};
export type ClientConnection = { owning: boolean };

export type MethodTable = {
  [M in Method]: (params: MethodParams<M>, call: Call<M>) => Promise<MethodResult<M>> | MethodResult<M>;
};

const BEHIND_BYTES = 1024 * 1024;
/** A client that does not read is disconnected here. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;
const MAX_CALLS_PER_CONNECTION = 64;
const MAX_CONNECTIONS = 2_000;

/** A client that does not read its last answer is disconnected after this time. */
const CLOSE_TIMEOUT_MS = 1_000;

export type ApiServer = {
  /** Takes no new connections; calls back when the clients have received the last answers. */
  close(onClosed: () => void): void;
  /** The socket was deleted: creates it again. Connections stay. */
  listenAgain(): Promise<void>;
  /** Carries out no request and sends no answer any more: what a client asks for now would be lost. */
  freeze(): void;
};

/**
 * Listens on `path`. The caller holds the project's lock, so a socket at the path is stale and is replaced.
 *
 * @param onOwnerGone the connection that owned the supervisor ended without `disown`.
 */
export async function serve(path: string, methods: MethodTable, onOwnerGone: () => void): Promise<ApiServer> {
  const state = { isFrozen: false };
  const server = new RpcServer(path, {
    maxFrameBytes: MAX_FRAME_BYTES,
    maxConnections: MAX_CONNECTIONS,
    onPeer: (peer) => new Conversation(peer, methods, state, onOwnerGone),
  });
  await server.listen();
  return {
    close(onClosed) {
      server.close(onClosed);
      for (const peer of server.peers) peer.destroySoon();
      setTimeout(() => {
        for (const peer of server.peers) peer.destroy();
      }, CLOSE_TIMEOUT_MS).unref();
    },
    listenAgain: () => server.listen(),
    freeze() {
      state.isFrozen = true;
    },
  };
}

/** The calls of one connection. */
class Conversation implements PeerListener {
  readonly #peer: RpcPeer;
  readonly #methods: MethodTable;
  readonly #server: { readonly isFrozen: boolean };
  readonly #onOwnerGone: () => void;
  readonly #connection: ClientConnection = { owning: false };
  readonly #calls = new Map<number, AbortController>();

  constructor(peer: RpcPeer, methods: MethodTable, server: { readonly isFrozen: boolean }, onOwnerGone: () => void) {
    this.#peer = peer;
    this.#methods = methods;
    this.#server = server;
    this.#onOwnerGone = onOwnerGone;
  }

  onLine(line: string): void {
    if (this.#server.isFrozen) return;
    const request = parseRequest(line);
    if ('error' in request) return void this.#send({ id: request.id, error: request.error });
    const { id, method, params } = request;
    if (method === 'cancel') this.#calls.get(id)?.abort();
    else if (!Object.hasOwn(this.#methods, method))
      this.#refuse(id, `unknown method ${JSON.stringify(method.slice(0, 64))}`);
    else if (this.#calls.size >= MAX_CALLS_PER_CONNECTION || this.#calls.has(id))
      this.#refuse(id, 'too many requests under way, or an id used twice');
    else this.#call(id, method as Method, params);
  }

  onTooLong(): void {
    this.#refuse(0, `a frame may hold at most ${MAX_FRAME_BYTES} bytes`);
    this.#peer.destroySoon();
  }

  onClose(): void {
    for (const call of this.#calls.values()) call.abort();
    if (this.#connection.owning && !this.#server.isFrozen) this.#onOwnerGone();
  }

  #call(id: number, method: Method, params: object): void {
    const abort = new AbortController();
    const { signal } = abort;
    this.#calls.set(id, abort);
    const emit = (event: unknown): boolean => !signal.aborted && this.#send({ id, event });
    const isBehind = (): boolean => this.#peer.unreadBytes > BEHIND_BYTES;
    const run = this.#methods[method] as (params: unknown, call: unknown) => unknown;
    new Promise((resolve) => resolve(run(params, { emit, isBehind, signal, connection: this.#connection })))
      .then(
        (result) => this.#send({ id, result }),
        (error) => this.#send({ id, error: toWireError(error) }),
      )
      .finally(() => this.#calls.delete(id));
  }

  #refuse(id: number, message: string): void {
    this.#send({ id, error: { code: 'usage', message } });
  }

  /** @returns false: the client is gone */
  #send(reply: object): boolean {
    if (this.#server.isFrozen || !this.#peer.send(reply)) return false;
    if (this.#peer.unreadBytes <= MAX_UNREAD_BYTES) return true;
    // The client may only be suspended, and owns again once it is back: that must not stop the project.
    this.#connection.owning = false;
    this.#peer.destroy();
    return false;
  }
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
