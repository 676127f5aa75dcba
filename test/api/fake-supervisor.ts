// A supervisor for tests of clients: it sends the given answers as JSON lines on a real unix socket.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProjectPaths, projectPaths } from '../../src/api/paths.ts';
import {
  type Method,
  type MethodParams,
  type MethodResult,
  PROTOCOL_VERSION,
  type Request,
  type Status,
  type StreamEvent,
  type WireError,
} from '../../src/api/protocol.ts';

/** Answers one request. Events go out through `call`; throw a WireError to answer with one; never resolve to stay silent. */
export type Answer<M extends Method> = (
  params: MethodParams<M>,
  call: Call<M>,
) => MethodResult<M> | Promise<MethodResult<M>>;
export type Call<M extends Method> = {
  event(event: StreamEvent<M>): void;
  /** Cut the connection of this request. */
  hangUp(): void;
  /** Resolves when the client of this request is gone. */
  gone: Promise<void>;
};
export type Answers = { [M in Method]?: Answer<M> };

export type FakeSupervisor = {
  paths: ProjectPaths;
  /** Every request so far, oldest first. */
  requests: Request[];
  /** Bytes as they are to every client: torn lines, rubbish. */
  sendRaw(bytes: Buffer | string): void;
  /** How many clients are connected. */
  readonly clientCount: number;
  /** Closes the socket and removes the directory. */
  close(): Promise<void>;
};

/** @param answers may be changed between requests; a method without an answer is answered with `not-found`,
 * `hello` as by a supervisor whose process is gone. */
export async function startFakeSupervisor(answers: Answers = {}): Promise<FakeSupervisor> {
  const root = await mkdtemp(join(tmpdir(), 'orch-fake-'));
  const paths = projectPaths(root);
  await mkdir(paths.socketDir, { recursive: true });
  const sockets = new Set<Socket>();
  const requests: Request[] = [];
  // No process can have this pid: above Linux' PID_MAX_LIMIT.
  const hello = {
    version: '0.0.0',
    protocol: PROTOCOL_VERSION,
    pid: 4_194_305,
    project: 'fake',
    root,
    file: join(root, 'procs.yaml'),
  };
  const defaults: Answers = { hello: () => hello };
  const server = createServer((socket) => {
    sockets.add(socket);
    const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    void gone.then(() => sockets.delete(socket));
    socket.on('error', () => undefined); // The client may cut the line at any time.
    let held = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (held + text).split('\n');
      held = lines.pop()!;
      for (const line of lines) void answer(JSON.parse(line) as Request, socket, gone);
    });
  });

  async function answer(request: Request, socket: Socket, gone: Promise<void>): Promise<void> {
    requests.push(request);
    const send = (reply: object) =>
      socket.writable && socket.write(`${JSON.stringify({ id: request.id, ...reply })}\n`);
    const call: Call<never> = { event: (event) => send({ event }), hangUp: () => socket.destroy(), gone };
    const known = (answers[request.method] ?? defaults[request.method]) as Answer<never> | undefined;
    try {
      if (!known) throw { code: 'not-found', message: `no answer to ${request.method}` } satisfies WireError;
      send({ result: await known(request.params as never, call) });
    } catch (error) {
      send({ error });
    }
  }

  await new Promise<void>((resolve) => server.listen(paths.socket, resolve));
  return {
    paths,
    requests,
    sendRaw: (bytes) => sockets.forEach((socket) => void socket.write(bytes)),
    get clientCount() {
      return sockets.size;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** A status with one pool of two, one backed-off single and one completed task. */
export function sampleStatus(change: Partial<Status> = {}): Status {
  const startedAt = new Date(Date.now() - 65_000).toISOString();
  const live = { pid: 4242, startedAt, restarts: 0, lastExit: null, adopted: false, specHash: '0123456789abcdef' };
  const dead = { ...live, pid: null, startedAt: null, cpuPercent: 0, rssBytes: 0 };
  const figures = { cpuPercent: 0.25, rssBytes: 43_200_000 };
  const service = { ready: 0, singleton: false, logQueue: 'default', override: null };
  return {
    project: 'shop',
    env: null,
    generation: 1,
    converged: true,
    config: { files: ['procs.yaml'], status: 'applied', problems: [] },
    supervisor: { pid: process.pid, startedAt, rssBytes: 50_000_000, cpuPercent: 0 },
    services: [
      {
        ...service,
        name: 'api',
        pool: 2,
        running: 2,
        ready: 2,
        instances: [
          { ...live, id: 'api.1', state: 'ready', reason: null, ...figures },
          { ...live, id: 'api.2', state: 'ready', reason: null, ...figures, pid: 4243, restarts: 3, adopted: true },
        ],
      },
      {
        ...service,
        name: 'db',
        pool: 1,
        running: 0,
        instances: [
          {
            ...dead,
            id: 'db.1',
            state: 'backoff',
            reason: 'exited with code 1; restarts in 2 s',
            lastExit: { code: 1 },
          },
        ],
      },
      {
        ...service,
        name: 'migrate',
        pool: 1,
        running: 0,
        instances: [{ ...dead, id: 'migrate.1', state: 'completed', reason: null, lastExit: { code: 0 } }],
      },
    ],
    logQueues: [
      {
        name: 'default',
        path: '.orch/logs/default.log',
        depthBytes: 0,
        capacityBytes: 8_388_608,
        highWaterBytes: 4096,
        lines: 120,
        bytes: 12_000,
        droppedLines: 0,
        overflow: 'block',
        error: null,
      },
    ],
    ...change,
  };
}
