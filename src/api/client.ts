// The client's end of the supervisor's socket: requests, streams, and what happens when the socket ends.
// Loads nothing but node:net: `orch ps` lives on its cold start. It never starts a supervisor.
import { connect as connectSocket, type Socket } from 'node:net';
import { LineSplitter } from '../rpc/line-splitter.ts';
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
}

export type Stream<M extends Method> = {
  /** Settles when the stream ends; rejects with a ClientError. May be left unawaited: a rejection is never "unhandled". */
  done: Promise<MethodResult<M>>;
  /** No event arrives after this returns, and `done` rejects with `cancelled`. The supervisor itself goes on sending until
   * the connection closes. */
  cancel(): void;
};

export type Client = {
  /** Rejects with a ClientError. */
  request<M extends Method>(method: M, params: MethodParams<M>): Promise<MethodResult<M>>;
  stream<M extends Method>(method: M, params: MethodParams<M>, onEvent: (event: StreamEvent<M>) => void): Stream<M>;
  /** Ends the connection; what is still pending rejects with `lost`. */
  close(): void;
  /** Resolves once the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
};

/** Nobody listens there: no socket, a stale one, or no such directory. */
const NOT_LISTENING = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTDIR']);

/**
 * @returns null when no supervisor runs. Throws a ClientError where one may run but cannot be talked to (no permission,
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

/** Without any answer this long, the client asks whether anybody is there, and gives up after the second time. */
const CHECK_ALIVE_AFTER_MS = 2_000;
const ALIVE_TIMEOUT_MS = 4_000;

type PendingRequest = {
  resolve(result: unknown): void;
  reject(error: ClientError): void;
  onEvent: ((event: unknown) => void) | null;
};

class SupervisorClient implements Client {
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #pending = new Map<number, PendingRequest>();
  #nextId = 1;
  #lossReason = 'the supervisor closed the connection';
  readonly #paths: ProjectPaths;
  /** Runs until the first answer; null: there was one, or nothing was asked yet. */
  #silenceTimer: NodeJS.Timeout | null = null;
  #hasAnswered = false;

  constructor(socket: Socket, paths: ProjectPaths) {
    this.#socket = socket;
    this.#paths = paths;
    const lines = new LineSplitter(MAX_FRAME_BYTES);
    socket.on('data', (chunk: Buffer) => {
      this.#noteAnswer();
      const fits = lines.push(chunk, (line) => this.#receive(line));
      if (!fits) this.#abandon(`the supervisor sent a line over ${MAX_FRAME_BYTES} bytes`);
    });
    socket.on('error', (error) => {
      this.#lossReason = `the connection to the supervisor broke: ${error.message}`;
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#noteAnswer();
        this.#failAll();
        resolve();
      });
    });
  }

  request<M extends Method>(method: M, params: MethodParams<M>): Promise<MethodResult<M>> {
    return this.#send(method, params, null).done;
  }

  stream<M extends Method>(method: M, params: MethodParams<M>, onEvent: (event: StreamEvent<M>) => void): Stream<M> {
    const { id, done } = this.#send(method, params, onEvent as (event: unknown) => void);
    done.catch(() => undefined); // Whoever wants the outcome awaits `done`; nobody has to.
    const cancel = () => this.#take(id)?.reject(new ClientError({ code: 'cancelled', message: 'cancelled' }));
    return { done, cancel };
  }

  close(): void {
    this.#lossReason = 'the connection was closed';
    this.#socket.end();
    this.#socket.destroySoon();
  }

  #send<M extends Method>(method: M, params: MethodParams<M>, onEvent: PendingRequest['onEvent']) {
    const id = this.#nextId++;
    const done = new Promise<MethodResult<M>>((resolve, reject) => {
      const line = `${JSON.stringify({ id, method, params })}\n`;
      if (Buffer.byteLength(line) > MAX_FRAME_BYTES) {
        reject(new ClientError({ code: 'usage', message: `the request is over ${MAX_FRAME_BYTES} bytes` }));
      } else if (this.#socket.destroyed || this.#socket.writableEnded) {
        reject(this.#lostError());
      } else {
        this.#pending.set(id, { resolve: resolve as PendingRequest['resolve'], reject, onEvent });
        this.#socket.write(line);
        if (!this.#hasAnswered) this.#silenceTimer ??= setTimeout(() => this.#checkAlive(), CHECK_ALIVE_AFTER_MS);
      }
    });
    return { id, done };
  }

  #noteAnswer(): void {
    this.#hasAnswered = true;
    if (this.#silenceTimer) clearTimeout(this.#silenceTimer);
  }

  /** The kernel takes connections for a stopped process, too: whoever lives answers this at once, whatever else he does. */
  #checkAlive(): void {
    this.#silenceTimer = setTimeout(() => {
      const message = 'the supervisor does not answer';
      const hint = `it may be stopped or stuck; ${this.#paths.lockFile} has its pid, \`kill -CONT\` wakes it`;
      for (const id of [...this.#pending.keys()])
        this.#take(id)?.reject(new ClientError({ code: 'timeout', message, hint }));
      this.#abandon(message);
    }, ALIVE_TIMEOUT_MS);
    this.request('hello', {}).catch(() => undefined); // whoever waits is told by the timer
  }

  #receive(line: string): void {
    const reply = parseReply(line);
    if (reply === null) {
      this.#abandon(`the supervisor sent a line that is no reply: ${line.slice(0, 80)}`);
    } else if ('event' in reply) {
      this.#pending.get(reply.id)?.onEvent?.(reply.event);
    } else if ('error' in reply) {
      this.#take(reply.id)?.reject(new ClientError(reply.error));
    } else {
      this.#take(reply.id)?.resolve(reply.result);
    }
  }

  #take(id: number): PendingRequest | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #abandon(reason: string): void {
    this.#lossReason = reason;
    this.#socket.destroy();
  }

  #failAll(): void {
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(this.#lostError());
  }

  #lostError(): ClientError {
    return new ClientError({ code: 'lost', message: this.#lossReason });
  }
}

type ParsedReply = { id: number; result: unknown } | { id: number; error: WireError } | { id: number; event: unknown };

function parseReply(line: string): ParsedReply | null {
  try {
    const reply = JSON.parse(line);
    return typeof reply?.id === 'number' ? reply : null;
  } catch {
    return null; // Not JSON: the caller ends the connection and says what it saw.
  }
}
