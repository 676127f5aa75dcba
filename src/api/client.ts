// The client's end of the supervisor's socket: typed requests and streams, and a check that the supervisor is alive.
// Loads only node:net: the cold start of `orch ps` depends on it. It never starts a supervisor.
import { connect as connectSocket, type Socket } from 'node:net';
import { RpcClient } from '../rpc/rpc-client.ts';
import type { ProjectPaths } from './paths.ts';
import {
  MAX_FRAME_BYTES,
  type Method,
  type MethodParams,
  type MethodResult,
  type StreamEvent,
  type WireError,
} from './protocol.ts';

/**
 * What a request rejects with. `wire.code` is one of the protocol's, or one of the client's own: `lost` (the connection
 * ended before the answer), `cancelled` (this side stopped listening).
 */
export class ClientError extends Error {
  readonly wire: WireError;
  constructor(wire: WireError) {
    super(wire.message);
    this.name = 'ClientError';
    this.wire = wire;
  }

  /** The full-screen view has a bundle, and with it a copy of this class, of its own. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'ClientError' && 'wire' in value;
  }
}

export type Stream<M extends Method> = {
  /** Settles when the stream ends; rejects with a ClientError. May be left unawaited: a rejection is never "unhandled". */
  done: Promise<MethodResult<M>>;
  /** No event arrives after this returns, and `done` rejects with `cancelled`. The supervisor keeps sending until the
   * connection closes. */
  cancel(): void;
};

export type Client = {
  /** Rejects with a ClientError. */
  request<M extends Method>(method: M, params: MethodParams<M>): Promise<MethodResult<M>>;
  stream<M extends Method>(method: M, params: MethodParams<M>, onEvent: (event: StreamEvent<M>) => void): Stream<M>;
  /** Ends the connection; pending requests reject with `lost`. */
  close(): void;
  /** Resolves once the connection is gone, whichever side ended it. */
  readonly closed: Promise<void>;
};

/** No process listens: the socket is missing or stale, or its directory is missing. */
const NOT_LISTENING = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTDIR']);

/**
 * @returns null when no supervisor runs. Throws a ClientError where one may run but cannot be reached (no permission,
 * no answer within `timeoutMs`, default 5000).
 */
export function connect(paths: ProjectPaths, options: { timeoutMs?: number } = {}): Promise<Client | null> {
  const timeoutMs = options.timeoutMs ?? 5000;
  return new Promise((resolve, reject) => {
    const socket = connectSocket(paths.socket);
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new ClientError({ code: 'timeout', message: `the supervisor did not answer within ${timeoutMs} ms` }));
    }, timeoutMs);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(new SupervisorClient(socket, paths));
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      if (NOT_LISTENING.has(error.code ?? '')) resolve(null);
      else reject(new ClientError({ code: 'failed', message: `cannot reach the supervisor: ${error.message}` }));
    });
  });
}

/** After this long without an answer, the client sends `hello`; after the second time it gives up. */
const CHECK_ALIVE_AFTER_MS = 2_000;
const ALIVE_TIMEOUT_MS = 4_000;

class SupervisorClient implements Client {
  readonly closed: Promise<void>;
  readonly #rpc: RpcClient;
  readonly #lockFile: string;
  /** Runs from the first request until the first answer. */
  #silenceTimer: NodeJS.Timeout | null = null;
  #hasAnswered = false;

  constructor(socket: Socket, paths: ProjectPaths) {
    this.#lockFile = paths.lockFile;
    socket.on('data', () => this.#noteAnswer());
    this.#rpc = new RpcClient(socket, {
      maxFrameBytes: MAX_FRAME_BYTES,
      peer: 'the supervisor',
      endedText: 'the supervisor closed the connection',
      toError: (error) => new ClientError(error as WireError),
      onClose: () => this.#noteAnswer(),
    });
    this.closed = this.#rpc.closed;
  }

  request<M extends Method>(method: M, params: MethodParams<M>): Promise<MethodResult<M>> {
    return this.#send(method, params).done;
  }

  stream<M extends Method>(method: M, params: MethodParams<M>, onEvent: (event: StreamEvent<M>) => void): Stream<M> {
    const { id, done } = this.#send(method, params, onEvent as (event: unknown) => void);
    done.catch(() => undefined); // a caller that needs the outcome awaits `done`
    const cancel = () => this.#rpc.cancel(id, new ClientError({ code: 'cancelled', message: 'cancelled' }));
    return { done, cancel };
  }

  close(): void {
    this.#rpc.close('the connection was closed');
  }

  #send<M extends Method>(method: M, params: MethodParams<M>, onEvent?: (event: unknown) => void) {
    const sent = this.#rpc.send(method, params, onEvent);
    if (!this.#hasAnswered && this.#rpc.isOpen())
      this.#silenceTimer ??= setTimeout(() => this.#checkAlive(), CHECK_ALIVE_AFTER_MS);
    return sent as { id: number; done: Promise<MethodResult<M>> };
  }

  #noteAnswer(): void {
    this.#hasAnswered = true;
    if (this.#silenceTimer) clearTimeout(this.#silenceTimer);
  }

  /** The kernel accepts connections for a stopped process too; a running supervisor answers `hello` at once, even when busy. */
  #checkAlive(): void {
    this.#silenceTimer = setTimeout(() => {
      const message = 'the supervisor does not answer';
      const hint = `it may be stopped or stuck; ${this.#lockFile} has its pid, \`kill -CONT\` wakes it`;
      this.#rpc.abandon(message, new ClientError({ code: 'timeout', message, hint }));
    }, ALIVE_TIMEOUT_MS);
    this.request('hello', {}).catch(() => undefined); // the timer rejects the requests of the caller
  }
}
