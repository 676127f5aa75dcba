// The log writer has ended its connection, but the socket has not emitted `close` yet: a request made then belongs to the next writer.
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { projectPaths } from '../../src/api/paths.ts';
import { startLogWriter } from '../../src/logs/log-writer-client.ts';
import { LOG_PROTOCOL } from '../../src/logs/writer-protocol.ts';

type Request = { id: number; method: string; params: { instances?: string[] } };

/** More than a socket buffers: the client's end stays unwritten while the server does not read. */
const UNWRITTEN = 'x'.repeat(4 * 1024 * 1024);

/** Of the event loop: in each, Node handles what the kernel has ready. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test('detach waits for the next log writer when this one has ended its connection', async () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'orch-ending-')));
  const paths = projectPaths(root);
  mkdirSync(dirname(paths.logSocket), { recursive: true });
  const connections: { socket: Socket; requests: Request[] }[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const connection = { socket, requests: [] as Request[] };
    connections.push(connection);
    let rest = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const request of lines.map((line) => JSON.parse(line) as Request)) {
        connection.requests.push(request);
        const result = request.method === 'hello' ? { protocol: LOG_PROTOCOL, pid: process.pid } : { failed: [] };
        socket.write(`${JSON.stringify({ id: request.id, result })}\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(paths.logSocket, resolve));
  const client = startLogWriter(paths, { onLost: () => undefined, onEvent: () => undefined, entry: '/dev/null' });
  onTestFinished(() => {
    client.close();
    for (const { socket } of connections) socket.destroy();
    server.close();
    rmSync(root, { recursive: true });
  });
  const fifos = { instance: 'a.1', service: 'a', queue: 'q', outPath: join(root, 'o'), errPath: join(root, 'e') };
  await client.attach([fifos]);

  const [first] = connections;
  first!.socket.pause();
  void client.expect({ instance: 'a.1', nonce: 'n', patterns: [UNWRITTEN] }, 0);
  await new Promise<void>((resolve) => first!.socket.end(resolve));
  await turns(5); // the client, in this same process, reads the end
  let isDetached = false;
  const detached = client.detach(['a.1']).then(() => {
    isDetached = true;
  });
  await turns(5);
  expect(isDetached).toBe(false);
  first!.socket.destroy();
  await detached;
  expect(connections[1]!.requests.find(({ method }) => method === 'detach')?.params.instances).toEqual(['a.1']);
});
