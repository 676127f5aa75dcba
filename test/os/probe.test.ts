// The checks of probes against real servers, sockets and commands, well-behaved and not.

import { chmodSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ProbeResult } from '../../src/core/spec.ts';
import type { AnswerCheck } from '../../src/os/probe/answer-check.ts';
import { prepareTcp, prepareUnix, tcpTarget } from '../../src/os/probe/connect.ts';
import { runExec } from '../../src/os/probe/exec.ts';
import { type HttpRequest, requestHttp } from '../../src/os/probe/http.ts';
import { findProcesses } from '../rig/processes.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';
import { waitFor } from '../rig/wait-for.ts';

/** Whose answer it is does not matter here. */
const ANY: AnswerCheck = { isKnown: () => true, check: async () => ({ ok: true }) };

async function listening(converse: (socket: Socket) => void): Promise<number> {
  const server = createServer(converse);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as { port: number }).port;
}

async function serving(answer: RequestListener): Promise<number> {
  const server = createHttpServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as { port: number }).port;
}

const get = (port: number, changes: Partial<HttpRequest> = {}): Promise<ProbeResult> =>
  requestHttp({
    method: 'GET',
    url: `http://127.0.0.1:${port}/health?full=1`,
    headers: { 'X-Probe': 'me' },
    judge: (status, body) => ({ ok: false, because: `${status} ${body}` }),
    wantsBody: true,
    answers: ANY,
    ...changes,
  }).outcome;

describe('http', () => {
  test('a text that is not a URL fails each time, and shows neither password nor token', async () => {
    expect(await get(65_536)).toEqual({
      ok: false,
      because: '"http://127.0.0.1:65536/health" is not a valid HTTP URL',
    });
    expect(await get(0, { url: 'http://me:pass@api.1:80/x?token=1' })).toEqual({
      ok: false,
      because: '"http://api.1:80/x" is not a valid HTTP URL',
    });
  });

  test('sends the declared request, reads status and body', async () => {
    const port = await serving((request, response) => {
      response.statusCode = 201;
      response.end(`${request.method} ${request.url} ${request.headers.host} ${request.headers['x-probe']}`);
    });
    expect(await get(port)).toEqual({ ok: false, because: `201 GET /health?full=1 127.0.0.1:${port} me` });
  });

  test('reads chunks, however they are cut', async () => {
    const port = await listening((socket) => {
      const text = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwell\r\n6;x=y\r\n done!\r\n0\r\n\r\n';
      socket.on('error', () => undefined);
      socket.once('data', async () => {
        for (const letter of text) {
          socket.write(letter);
          await new Promise(setImmediate);
        }
      });
    });
    expect(await get(port)).toEqual({ ok: false, because: '200 well done!' });
  });

  test.each([
    ['without a length, until it ends', 'HTTP/1.0 200 OK\r\n\r\nbody', '200 body'],
    ['after an informational answer', 'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No\r\n\r\n', '204 '],
    ['that is cut off', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc', '200 abc'],
    ['that is none', 'SSH-2.0-OpenSSH\r\n', 'not an HTTP response'],
    ['of nothing', '', 'closed without a response'],
  ])('a response %s', async (_, text, because) => {
    const port = await listening((socket) => void socket.once('data', () => socket.end(text)));
    expect(await get(port)).toEqual({ ok: false, because });
  });

  test.each(['-6', '+4', '0x4', 'zz', ''])(
    'chunks of the size "%s": no answer, and no loop without end',
    async (size) => {
      const text = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\nbody\r\n0\r\n\r\n`;
      const port = await listening((socket) => void socket.once('data', () => socket.write(text)));
      expect(await get(port)).toEqual({ ok: false, because: 'not an HTTP response' });
    },
  );

  test('stops reading an endless body', async () => {
    const port = await listening((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        const pour = (): void => {
          while (!socket.destroyed && socket.write('x'.repeat(10_000)));
          if (!socket.destroyed) socket.once('drain', pour);
        };
        pour();
      });
    });
    expect((await get(port, { judge: (status) => ({ ok: false, because: `${status}` }) })) as object).toEqual({
      ok: false,
      because: '200',
    });
  });

  test('can be cancelled', async () => {
    const port = await listening(() => undefined);
    const running = requestHttp({
      method: 'GET',
      url: `http://127.0.0.1:${port}/`,
      headers: {},
      judge: () => ({ ok: true }),
      wantsBody: false,
      answers: ANY,
    });
    running.cancel('too late');
    running.cancel('again');
    expect(await running.outcome).toEqual({ ok: false, because: 'too late' });
  });
});

describe('connections', () => {
  test.each([
    ['8000', { host: '127.0.0.1', port: 8000 }],
    ['localhost:80', { host: 'localhost', port: 80 }],
    ['[::1]:80', { host: '::1', port: 80 }],
  ])('%s', (address, target) => expect(tcpTarget(address)).toEqual(target));

  test('accepted or refused', async () => {
    const port = await listening((socket) => void socket.on('error', () => undefined));
    expect(await prepareTcp(String(port), ANY)().outcome).toEqual({ ok: true });
    expect(await prepareTcp('127.0.0.1:1', ANY)().outcome).toEqual({ ok: false, because: 'connection refused' });
    expect(await prepareTcp('70000', ANY)().outcome).toMatchObject({ ok: false });
  });

  test('unix sockets, at long paths as well', async () => {
    const directory = temporaryDirectory('probe');
    const server = createServer((socket) => void socket.on('error', () => undefined));
    await new Promise<void>((resolve) => server.listen(join(directory, 'a.sock'), resolve));
    onTestFinished(() => void server.close());
    expect(await prepareUnix(join(directory, 'a.sock'), ANY)().outcome).toEqual({ ok: true });
    expect(await prepareUnix(join(directory, 'b.sock'), ANY)().outcome).toEqual({
      ok: false,
      because: 'the socket does not exist',
    });
  });
});

describe.each(['posix_spawn', 'fork'])('commands by %s', (way) => {
  beforeEach(() => void vi.stubEnv('ORCH_SPAWN', way));
  afterEach(() => void vi.unstubAllEnvs());
  const env = { PATH: process.env.PATH! };
  const sh = (line: string) => runExec({ file: '/bin/sh', args: ['-c', line], cwd: '/', env });

  test.each([
    ['exit 0', { ok: true }],
    ['exit 3', { ok: false, because: 'exit code 3' }],
    ['echo first >&2; echo "the disk is full" >&2; exit 1', { ok: false, because: 'exit code 1: the disk is full' }],
    ['kill -9 $$', { ok: false, because: 'SIGKILL' }],
    ['head -c 1000000 /dev/zero; exit 0', { ok: true }],
    ['head -c 1000000 /dev/zero; echo; echo in the end >&2; exit 2', { ok: false, because: 'exit code 2: in the end' }],
  ])('%s', async (line, outcome) => expect(await sh(line).outcome).toEqual(outcome));

  test('that print a secret do not reveal it', async () => {
    const args = ['-c', 'echo "the password is $PASSWORD" >&2; exit 1'];
    const secrets = ['hunter2'];
    const running = runExec({ file: '/bin/sh', args, cwd: '/', env: { ...env, PASSWORD: 'hunter2' }, secrets });
    expect(await running.outcome).toEqual({ ok: false, because: 'exit code 1: the password is ***' });
  });

  test('that cannot be run explains the failure', async () => {
    const directory = temporaryDirectory('probe');
    const file = join(directory, 'script');
    writeFileSync(file, '#!/bin/sh\n');
    chmodSync(file, 0o600);
    expect(await runExec({ file: 'no-such-program', args: [], cwd: '/', env }).outcome).toMatchObject({
      because: expect.stringContaining('command not found: no-such-program'),
    });
    expect(await runExec({ file, args: [], cwd: '/', env }).outcome).toMatchObject({
      because: expect.stringContaining('not executable'),
    });
  });

  test('is killed with its whole group at the time limit, and does not wait for processes that keep its pipes', async () => {
    const mark = `mark-${process.pid}-${Date.now()}`;
    const running = runExec({
      file: '/bin/sh',
      args: ['-c', 'sleep 1000 & sleep 1000'],
      cwd: '/',
      env: { ...env, mark },
    });
    await waitFor(
      'both sleep',
      () => findProcesses([`mark=${mark}`]),
      (seen) => seen.length === 3,
    );
    running.cancel('too late');
    expect(await running.outcome).toEqual({ ok: false, because: 'too late' });
    await waitFor(
      'all are gone',
      () => findProcesses([`mark=${mark}`]),
      (seen) => seen.length === 0,
    );
    const keeps = runExec({ file: '/bin/sh', args: ['-c', 'sleep 3 & exit 0'], cwd: '/', env });
    const begunMs = performance.now();
    expect(await keeps.outcome).toEqual({ ok: true });
    expect(performance.now() - begunMs).toBeLessThan(2_000);
  });
});
