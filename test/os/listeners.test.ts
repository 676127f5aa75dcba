// Which sockets listen at an address, as the kernel chooses among them; by the socket diagnosis and by /proc/net.
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { temporaryDirectory } from '../rig/temporary-directory.ts';

const sources = ['socket diagnosis', '/proc/net'] as const;

/** With its own copy of the module: which source is used is decided once. */
async function listenersBy(source: (typeof sources)[number]) {
  vi.resetModules();
  vi.doMock('../../src/os/sockets/socket-diagnosis.ts', async (load) => {
    const real = await load<object>();
    return source === '/proc/net' ? { ...real, socketDiagnosis: () => null } : real;
  });
  onTestFinished(() => vi.doUnmock('../../src/os/sockets/socket-diagnosis.ts'));
  return import('../../src/os/sockets/listeners.ts');
}

async function listening(where: { host?: string; port?: number; path?: string }): Promise<number> {
  const server = createServer((socket) => void socket.on('error', () => undefined));
  await new Promise<void>((resolve, reject) =>
    server.on('error', reject).listen(where.path === undefined ? { port: 0, ...where } : where, resolve),
  );
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test.each(sources)(
  'by %s: exact addresses come before wildcards, and a socket of both families answers IPv4',
  async (source) => {
    const { listenersAt } = await listenersBy(source);
    const at = (host: string, port: number) => listenersAt({ kind: 'tcp', host, port }).map(({ inode }) => inode);
    const port = await listening({ host: '127.0.0.1' });
    await listening({ host: '127.0.0.2', port });
    expect(at('127.0.0.1', port)).toHaveLength(1);
    expect(at('::ffff:127.0.0.2', port)).toHaveLength(1);
    expect(at('127.0.0.1', port)).not.toEqual(at('127.0.0.2', port));
    expect(at('127.0.0.3', port)).toEqual([]);
    const both = await listening({ host: '::' });
    expect(at('127.0.0.1', both)).toHaveLength(1);
    expect(at('::1', both)).toEqual(at('127.0.0.1', both));
  },
);

test.each(sources)('by %s: a unix socket', async (source) => {
  const { listenersAt, countWaiting } = await listenersBy(source);
  const path = join(temporaryDirectory('listeners'), 'a.sock');
  expect(listenersAt({ kind: 'unix', path })).toEqual([]);
  await listening({ path });
  expect(listenersAt({ kind: 'unix', path })).toHaveLength(1);
  expect(countWaiting(path)).toBe(0);
});

test('a connection counts as accepted once the program has it', async () => {
  const { isAccepted } = await listenersBy('socket diagnosis');
  const port = await listening({ host: '127.0.0.1' });
  const socket = connect(port, '127.0.0.1');
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  onTestFinished(() => void socket.destroy());
  const client = { host: '127.0.0.1', port: socket.localPort! };
  await vi.waitFor(() => expect(isAccepted({ kind: 'tcp', host: '127.0.0.1', port }, client)).toBe(true));
});
