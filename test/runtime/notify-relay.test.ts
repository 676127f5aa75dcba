// The relay of sd_notify messages with each program that can hold its sockets.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { NotifyRelay, RELAY_PROGRAMS } from '../../src/runtime/notify-relay.ts';
import { waitFor } from '../rig/wait-for.ts';

const NOTIFIES = new URL('../lifecycle/programs/notifies.pl', import.meta.url).pathname;
const notify = (socket: string, ...fields: string[]): void => {
  execFileSync('perl', [NOTIFIES, ...fields], { env: { ...process.env, NOTIFY_SOCKET: socket } });
};

test.each(RELAY_PROGRAMS)('%s: hands each message to whom it is for', async (program) => {
  const directory = mkdtempSync(join(tmpdir(), 'orch-notify-'));
  const relay = new NotifyRelay(directory, program);
  onTestFinished(async () => {
    await relay.close();
    rmSync(directory, { recursive: true });
  });
  const heard: string[] = [];
  const listen = (id: string) =>
    relay.listen(id, (fields) => heard.push(`${id} ${[...fields].map((pair) => pair.join('=')).join(' ')}`));
  const [a, b] = [await listen('a.1'), await listen('b.1')];
  expect(statSync(a).mode & 0o777).toBe(0o600);
  notify(a, 'STATUS=half way = 50%', 'READY=1');
  notify(b, 'WATCHDOG=1');
  await waitFor(
    'both are heard',
    () => heard,
    (seen) => seen.length === 2,
  );
  expect(heard).toEqual(['a.1 STATUS=half way = 50% READY=1', 'b.1 WATCHDOG=1']);
  // Another incarnation listens anew at the same place; who is forgotten is deaf.
  await listen('a.1');
  notify(a, 'READY=1');
  relay.forget('b.1');
  await waitFor(
    'the socket is gone',
    () => existsSync(b),
    (isThere) => !isThere,
  );
  await waitFor(
    'it is heard',
    () => heard,
    (seen) => seen.length === 3,
  );
  await relay.close();
  expect(existsSync(a)).toBe(false);
});

test('says that the socket cannot be had', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'orch-notify-'));
  const relay = new NotifyRelay(join(directory, 'there', 'is', 'nothing'));
  writeFileSync(join(directory, 'there'), '');
  onTestFinished(async () => {
    await relay.close();
    rmSync(directory, { recursive: true });
  });
  await expect(relay.listen('a.1', () => undefined)).rejects.toThrow();
});
