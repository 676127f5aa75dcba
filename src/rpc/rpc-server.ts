// The server's end: listens on a unix socket, cuts what peers send into lines, sends one JSON object per line.
// Knows neither methods nor limits; what a line means is the caller's.
import { chmodSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { LineSplitter } from './line-splitter.ts';

export type RpcServerOptions = {
  maxFrameBytes: number;
  /** 0: no limit. */
  maxConnections: number;
  /** A client connected. */
  onPeer(peer: RpcPeer): PeerListener;
};

export type PeerListener = {
  onLine(line: string): void;
  /** A line exceeds `maxFrameBytes`: the rest of the stream is unusable. */
  onTooLong(): void;
  onClose(): void;
};

export class RpcServer {
  readonly peers = new Set<RpcPeer>();
  readonly #path: string;
  readonly #options: RpcServerOptions;
  #server: Server | null = null;

  constructor(path: string, options: RpcServerOptions) {
    this.#path = path;
    this.#options = options;
  }

  /** Replaces what is at the path. Called again when the socket was deleted: connections stay. Rejects with errno errors. */
  async listen(): Promise<void> {
    this.#server?.close(); // first: it removes whatever is at the path
    const server = createServer((socket) => this.#connected(socket));
    this.#server = server;
    if (this.#options.maxConnections > 0) server.maxConnections = this.#options.maxConnections;
    try {
      await listenAt(server, this.#path);
    } catch (error) {
      server.close();
      throw error;
    }
  }

  /** Takes no more connections; calls back when the last one has ended. */
  close(onClosed: () => void): void {
    this.#server?.close(onClosed);
  }

  #connected(socket: Socket): void {
    const peer = new RpcPeer(socket);
    this.peers.add(peer);
    const listener = this.#options.onPeer(peer);
    const lines = new LineSplitter(this.#options.maxFrameBytes);
    socket.on('data', (chunk: Buffer) => {
      if (!lines.push(chunk, (line) => listener.onLine(line))) listener.onTooLong();
    });
    socket.on('error', () => undefined); // `close` follows
    socket.once('close', () => {
      this.peers.delete(peer);
      listener.onClose();
    });
  }
}

export class RpcPeer {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** What was sent and is still in this process. */
  get unreadBytes(): number {
    return this.#socket.writableLength;
  }

  /** @returns false: the connection is gone */
  send(message: unknown): boolean {
    if (this.#socket.destroyed) return false;
    this.#socket.write(`${JSON.stringify(message)}\n`);
    return true;
  }

  /** The last message; `onFlushed`: the kernel has it, or the connection is gone. */
  end(message: unknown, onFlushed: () => void): void {
    this.#socket.end(`${JSON.stringify(message)}\n`, onFlushed);
  }

  /** Closes once everything is sent. */
  destroySoon(): void {
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

async function listenAt(server: Server, path: string): Promise<void> {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  // A connection could not be accepted because no descriptor is free; its client sees it end.
  server.on('error', () => undefined);
  chmodSync(path, 0o600);
}
