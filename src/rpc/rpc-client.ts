// The client's end of a socket that carries one JSON object per line: {id, method, params} out, {id, result}, {id, error}
// and events in. Knows no method; connecting and retrying are the caller's.
import type { Socket } from 'node:net';
import { LineSplitter } from './line-splitter.ts';

/** What the peer answered as `error`, or `code` `lost` or `usage` from this side. */
export type RpcError = string | { code: string; message: string };

export type RpcClientOptions = {
  maxFrameBytes: number;
  /** Names the peer in messages: `the supervisor`. */
  peer: string;
  /** Why requests are lost when the peer ends the connection. */
  endedText: string;
  /** What a request rejects with. */
  toError(error: RpcError): Error;
  /** An event that belongs to no request; default: a peer that sends one loses the connection. */
  onEvent?(event: unknown): void;
  /** The connection is gone, whichever side ended it. Called before the pending requests reject. */
  onClose(reason: string): void;
};

type PendingRequest = {
  resolve(result: unknown): void;
  reject(error: Error): void;
  onEvent: ((event: unknown) => void) | null;
};
type RpcReply = { id?: number; result?: unknown; error?: RpcError; event?: unknown };

export class RpcClient {
  /** Resolves once the connection is gone. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #options: RpcClientOptions;
  readonly #pending = new Map<number, PendingRequest>();
  #nextId = 1;
  #lossReason: string;

  constructor(socket: Socket, options: RpcClientOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#lossReason = options.endedText;
    const { maxFrameBytes, peer } = options;
    const lines = new LineSplitter(maxFrameBytes);
    socket.on('data', (chunk: Buffer) => {
      const fits = lines.push(chunk, (line) => this.#receive(line));
      if (!fits) this.abandon(`${peer} sent a line over ${maxFrameBytes} bytes`);
    });
    socket.on('error', (error) => {
      this.#lossReason = `the connection to ${peer} broke: ${error.message}`;
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        options.onClose(this.#lossReason);
        this.#rejectAll(this.#lostError());
        resolve();
      });
    });
  }

  isOpen(): boolean {
    return !this.#socket.destroyed && !this.#socket.writableEnded;
  }

  /** `done` rejects when the connection ends before the answer. */
  send(method: string, params: object, onEvent: PendingRequest['onEvent'] = null) {
    const id = this.#nextId++;
    const done = new Promise<unknown>((resolve, reject) => {
      const line = `${JSON.stringify({ id, method, params })}\n`;
      const { maxFrameBytes, toError } = this.#options;
      if (Buffer.byteLength(line) > maxFrameBytes) {
        reject(toError({ code: 'usage', message: `the request is over ${maxFrameBytes} bytes` }));
      } else if (!this.isOpen()) {
        reject(this.#lostError());
      } else {
        this.#pending.set(id, { resolve, reject, onEvent });
        this.#socket.write(line);
      }
    });
    return { id, done };
  }

  /** Rejects a request that is not answered yet; its answer and events are then ignored. */
  cancel(id: number, error: Error): void {
    this.#take(id)?.reject(error);
  }

  /** Closes after the requests that were sent have been written. */
  close(reason: string): void {
    this.#lossReason = reason;
    this.#socket.end();
    this.#socket.destroySoon();
  }

  /** Closes at once. @param error what pending requests reject with; default: that the connection is lost */
  abandon(reason: string, error?: Error): void {
    this.#lossReason = reason;
    if (error !== undefined) this.#rejectAll(error);
    this.#socket.destroy();
  }

  #receive(line: string): void {
    const reply = parseReply(line);
    if (reply === null || (reply.id === undefined && this.#options.onEvent === undefined)) {
      this.abandon(`${this.#options.peer} sent a line that is not a reply: ${line.slice(0, 80)}`);
    } else if (reply.id === undefined) {
      this.#options.onEvent?.(reply.event);
    } else if ('event' in reply) {
      this.#pending.get(reply.id)?.onEvent?.(reply.event);
    } else if (reply.error !== undefined) {
      this.#take(reply.id)?.reject(this.#options.toError(reply.error));
    } else {
      this.#take(reply.id)?.resolve(reply.result);
    }
  }

  #take(id: number): PendingRequest | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #rejectAll(error: Error): void {
    for (const id of [...this.#pending.keys()]) this.cancel(id, error);
  }

  #lostError(): Error {
    return this.#options.toError({ code: 'lost', message: this.#lossReason });
  }
}

/** @returns null: the line is neither a reply nor an event */
function parseReply(line: string): RpcReply | null {
  try {
    const reply = JSON.parse(line);
    const isReply = typeof reply?.id === 'number' || (reply?.id === undefined && reply?.event !== undefined);
    return isReply ? reply : null;
  } catch {
    return null; // not JSON
  }
}
