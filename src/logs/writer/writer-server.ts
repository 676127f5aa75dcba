// The log writer's socket and its life: one writer per project, leaves when it is of no use.
//
// It leaves when no supervisor is connected AND every FIFO has come to its end, which the kernel says of a FIFO that no
// process holds for writing: the supervisor that died held some, its instances hold theirs as long as they live.
import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { ProjectPaths } from '../../api/paths.ts';
import { acquireLock, type Lock } from '../../os/lock/lock.ts';
import { LineSplitter } from '../../rpc/line-splitter.ts';
import { LOG_PROTOCOL, MAX_LOG_FRAME_BYTES, type WriterEvent, type WriterRequest } from '../writer-protocol.ts';
import { Compressor } from './compressor.ts';
import { LogWriter } from './log-writer.ts';

/** Time for a supervisor that was restarted to come back, and for a new one to connect first. */
const EXIT_AFTER_MS = 3000;

/** Rejects where another writer serves the project or the socket cannot be had. */
export async function serveLogWriter(paths: ProjectPaths): Promise<void> {
  mkdirSync(paths.socketDir, { recursive: true, mode: 0o700 });
  mkdirSync(paths.runDir, { recursive: true, mode: 0o700 });
  const lock = await acquireLock(join(paths.runDir, 'logs.lock'));
  if ('heldBy' in lock) throw new Error('another log writer serves this project');
  rmSync(paths.logSocket, { force: true });
  await new WriterServer(paths, lock).listen();
}

class WriterServer {
  readonly #paths: ProjectPaths;
  readonly #lock: Lock;
  #listening: NetServer | null = null;
  readonly #clients = new Set<Socket>();
  readonly #compressor = new Compressor();
  readonly #writer: LogWriter;
  #exitTimer: NodeJS.Timeout | null = null;

  constructor(paths: ProjectPaths, lock: Lock) {
    this.#paths = paths;
    this.#lock = lock;
    this.#writer = new LogWriter(join(paths.runDir, 'logs.mid'), {
      emit: (event) => this.#emit(event),
      compress: (path) => this.#compressor.add(path),
      onSourceEnd: () => this.#scheduleExit(),
    });
    process.on('SIGTERM', () => void this.#finishAndExit(2000));
    for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined); // a terminal's, not ours
  }

  listen(): Promise<void> {
    this.#listening?.close(); // now: it removes what lies at the path
    const server = createServer((socket) => this.#connected(socket));
    this.#listening = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#paths.logSocket, () => {
        chmodSync(this.#paths.logSocket, 0o600);
        this.#scheduleExit();
        resolve();
      });
    });
  }

  #connected(socket: Socket): void {
    this.#clients.add(socket);
    const lines = new LineSplitter(MAX_LOG_FRAME_BYTES);
    socket.on('data', (chunk: Buffer) => {
      if (!lines.push(chunk, (line) => this.#answer(socket, line))) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#clients.delete(socket);
      this.#scheduleExit();
    });
  }

  #answer(socket: Socket, line: string): void {
    let request: WriterRequest;
    try {
      request = JSON.parse(line) as WriterRequest;
    } catch {
      return void socket.destroy(); // no peer of ours
    }
    const { id, method } = request;
    Promise.resolve()
      .then(() => this.#dispatch(request))
      .then((result) => ({ id, result }))
      .catch((error: Error) => ({ id, error: error.message }))
      .then((reply) => {
        const text = `${JSON.stringify(reply)}\n`;
        const isStuck =
          method === 'shutdown' && !('result' in reply && (reply.result as { flushed?: boolean }).flushed);
        if (method === 'shutdown') socket.end(text, () => this.#exit(isStuck));
        else socket.write(text);
      });
  }

  async #dispatch(request: WriterRequest): Promise<unknown> {
    switch (request.method) {
      case 'hello':
        return { protocol: LOG_PROTOCOL, pid: process.pid };
      case 'configure':
        return this.#writer.configure(request.params.queues) ?? {};
      case 'attach':
        return { failed: this.#writer.attach(request.params.sources) };
      case 'endOfOutput':
        return { drained: await this.#writer.endOfOutput(request.params.instance, request.params.deadlineMs) };
      case 'expect':
        return this.#writer.expect(request.params) ?? {};
      case 'detach':
        return this.#writer.detach(request.params.instances) ?? {};
      case 'openSink':
        return this.#writer.openSink(request.params.queue, request.params.service) ?? {};
      case 'closeSink':
        return { drained: await this.#writer.closeSink(request.params) };
      case 'stats':
        return { queues: this.#writer.stats() };
      case 'rotate':
        return { rotated: await this.#writer.rotate(request.params.queues) };
      case 'shutdown':
        return { flushed: await this.#writer.finish(request.params.deadlineMs) };
      default:
        throw new Error(`no such method: ${(request as { method: string }).method}`);
    }
  }

  #emit(event: WriterEvent): void {
    const line = `${JSON.stringify({ event })}\n`;
    for (const client of this.#clients) client.write(line);
  }

  #scheduleExit(): void {
    if (this.#exitTimer !== null) clearTimeout(this.#exitTimer);
    this.#exitTimer = null;
    if (this.#clients.size > 0) return;
    void this.#recreateSocket().catch(() => undefined); // no descriptor left, say: tried again with the next look
    this.#exitTimer = setTimeout(() => {
      if (this.#clients.size > 0) return;
      if (this.#writer.isNeeded()) this.#scheduleExit();
      else void this.#finishAndExit(0);
    }, EXIT_AFTER_MS);
  }

  /** Somebody deleted the socket: as long as we have the lock, the next supervisor has no other writer. */
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
