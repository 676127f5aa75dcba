// The log writer's socket and lifetime: one writer per project. It exits when no supervisor is connected AND every FIFO is
// at its end, which means that no process has it open for writing: a running supervisor and its instances do.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ProjectPaths } from '../../api/paths.ts';
import { acquireLock, type Lock } from '../../os/lock/lock.ts';
import { type PeerListener, type RpcPeer, RpcServer } from '../../rpc/rpc-server.ts';
import { LOG_PROTOCOL, MAX_LOG_FRAME_BYTES, type WriterMethods, type WriterRequest } from '../writer-protocol.ts';
import { Compressor } from './compressor.ts';
import { LogWriter } from './log-writer.ts';
import { startSupervisor } from './start-supervisor.ts';
import { SupervisorGuard } from './supervisor-guard.ts';

/** Time for a supervisor that was restarted to come back, and for a new one to connect first. */
const EXIT_AFTER_MS = 3000;
/** Of a reader of unfinished lines. */
const MAX_UNREAD_BYTES = 256 * 1024;

/** Rejects where another writer serves the project or the socket cannot be created. */
export async function serveLogWriter(paths: ProjectPaths): Promise<void> {
  mkdirSync(paths.socketDir, { recursive: true, mode: 0o700 });
  mkdirSync(paths.runDir, { recursive: true, mode: 0o700 });
  const lock = await acquireLock(join(paths.runDir, 'logs.lock'));
  if ('heldBy' in lock) throw new Error('another log writer serves this project');
  rmSync(paths.logSocket, { force: true });
  await new WriterServer(paths, lock).listen();
}

/** About the connection itself. */
type ConnectionMethod = 'successor' | 'watchUnfinished';
type WriterMethodTable = {
  [M in Exclude<keyof WriterMethods, ConnectionMethod>]: (
    params: WriterMethods[M][0],
  ) => WriterMethods[M][1] | Promise<WriterMethods[M][1]> | undefined;
};

class WriterServer {
  readonly #paths: ProjectPaths;
  readonly #lock: Lock;
  readonly #rpc: RpcServer;
  readonly #compressor = new Compressor();
  readonly #writer: LogWriter;
  readonly #methods: WriterMethodTable;
  readonly #guard: SupervisorGuard<RpcPeer>;
  /** Connections of readers, which keep no writer running; and what ends their watch. */
  readonly #readers = new Map<RpcPeer, (() => void) | null>();
  #exitTimer: NodeJS.Timeout | null = null;

  constructor(paths: ProjectPaths, lock: Lock) {
    this.#paths = paths;
    this.#lock = lock;
    this.#guard = new SupervisorGuard({
      nowMs: () => performance.now(),
      later: (delayMs, run) => {
        const timer = setTimeout(run, delayMs);
        return () => clearTimeout(timer);
      },
      start: (successor, onEnd) => startSupervisor(successor, paths.supervisorLog, onEnd),
    });
    this.#rpc = new RpcServer(paths.logSocket, {
      maxFrameBytes: MAX_LOG_FRAME_BYTES,
      maxConnections: 0,
      onPeer: (peer) => this.#listenTo(peer),
    });
    this.#writer = new LogWriter(paths, {
      emit: (event) => {
        for (const peer of this.#rpc.peers) if (!this.#readers.has(peer)) peer.send({ event });
      },
      compress: (path) => this.#compressor.add(path),
      onSourceEnd: () => this.#scheduleExit(),
    });
    this.#methods = methodsOf(this.#writer);
    process.on('SIGTERM', () => void this.#finishAndExit(2000));
    for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined); // meant for a terminal's job
  }

  async listen(): Promise<void> {
    await this.#rpc.listen();
    this.#scheduleExit();
  }

  #listenTo(peer: RpcPeer): PeerListener {
    return {
      onLine: (line) => this.#answer(peer, line),
      onTooLong: () => peer.destroy(),
      onClose: () => {
        this.#readers.get(peer)?.();
        this.#readers.delete(peer);
        this.#guard.disconnected(peer);
        this.#scheduleExit();
      },
    };
  }

  /** Calls start in the order of their lines: `endOfOutput` relies on that. */
  #answer(peer: RpcPeer, line: string): void {
    const request = parseRequest(line);
    if (request === null) return void peer.destroy();
    const { id, method } = request;
    Promise.resolve()
      .then(() => this.#call(peer, request))
      .then((result) => ({ id, result: result ?? {} }))
      .catch((error: Error) => ({ id, error: error.message }))
      .then((reply) => {
        if (method !== 'shutdown') return void peer.send(reply);
        const isFlushed = 'result' in reply && (reply.result as WriterMethods['shutdown'][1]).flushed;
        peer.end(reply, () => this.#exit(!isFlushed));
      });
  }

  #call(peer: RpcPeer, { id, method, params }: WriterRequest): unknown {
    if (method === 'hello') this.#guard.greet(peer);
    if (method === 'successor') return this.#guard.replaceBy(peer, params.successor);
    if (method === 'unfinished') this.#noteReader(peer, this.#readers.get(peer) ?? null);
    if (method === 'watchUnfinished') return this.#watchUnfinished(peer, id);
    if (!Object.hasOwn(this.#methods, method)) throw new Error(`no such method: ${method}`);
    return this.#methods[method](params as never);
  }

  /** A reader that does not read skips changes: each is complete in itself. */
  #watchUnfinished(peer: RpcPeer, id: number): Promise<never> {
    this.#readers.get(peer)?.();
    const end = this.#writer.unfinished.watch((event) => {
      if (peer.unreadBytes < MAX_UNREAD_BYTES) peer.send({ id, event });
    });
    this.#noteReader(peer, end);
    return new Promise<never>(() => undefined);
  }

  #noteReader(peer: RpcPeer, end: (() => void) | null): void {
    this.#readers.set(peer, end);
    if (this.#exitTimer === null) this.#scheduleExit(); // it counted as a supervisor until now
  }

  #scheduleExit(): void {
    if (this.#exitTimer !== null) clearTimeout(this.#exitTimer);
    this.#exitTimer = null;
    if (this.#hasSupervisor()) return;
    void this.#recreateSocket().catch(() => undefined); // no descriptor is free, for example: the next timer retries
    this.#exitTimer = setTimeout(() => {
      this.#exitTimer = null;
      if (this.#hasSupervisor()) return;
      if (this.#writer.isNeeded() || this.#guard.isPending) this.#scheduleExit();
      else void this.#finishAndExit(0);
    }, EXIT_AFTER_MS);
  }

  #hasSupervisor(): boolean {
    return this.#rpc.peers.size > this.#readers.size;
  }

  /** The socket was deleted: as long as this process holds the lock, no other writer can serve the next supervisor. */
  async #recreateSocket(): Promise<void> {
    if (existsSync(this.#paths.logSocket) || !this.#lock.isInPlace()) return;
    mkdirSync(this.#paths.socketDir, { recursive: true, mode: 0o700 });
    await this.listen();
  }

  async #finishAndExit(deadlineMs: number): Promise<void> {
    this.#exit(!(await this.#writer.finish(deadlineMs)));
  }

  /** `isStuck`: a write that never returns would make an orderly exit wait for it. */
  #exit(isStuck: boolean): void {
    rmSync(this.#paths.logSocket, { force: true });
    this.#compressor.stop();
    if (isStuck) process.kill(process.pid, 'SIGKILL');
    process.exit(0);
  }
}

function methodsOf(writer: LogWriter): WriterMethodTable {
  return {
    hello: () => ({ protocol: LOG_PROTOCOL, pid: process.pid }),
    configure: ({ queues }) => void writer.configure(queues),
    attach: ({ sources }) => ({ failed: writer.attach(sources) }),
    endOfOutput: async ({ instance, deadlineMs }) => {
      const drained = await writer.endOfOutput(instance, deadlineMs);
      return { drained, tail: writer.tailOf(instance) };
    },
    expect: (expectation) => void writer.expect(expectation),
    detach: ({ instances }) => void writer.detach(instances),
    openSink: ({ queue, service }) => void writer.openSink(queue, service),
    closeSink: async (params) => ({ drained: await writer.closeSink(params) }),
    unfinished: () => ({ lines: writer.unfinished.list() }),
    stats: () => ({ queues: writer.stats() }),
    rotate: async ({ queues }) => ({ rotated: await writer.rotate(queues) }),
    shutdown: async ({ deadlineMs }) => ({ flushed: await writer.finish(deadlineMs) }),
  };
}

/** @returns null: the peer does not speak this protocol */
function parseRequest(line: string): WriterRequest | null {
  try {
    return JSON.parse(line) as WriterRequest | null;
  } catch {
    return null; // not JSON
  }
}
