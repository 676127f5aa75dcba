// The relay of sd_notify messages, with each interpreter that can run it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { NotifyRelay, RELAY_PROGRAMS } from '../../src/os/sockets/notify-relay.ts';
import { findProcesses } from '../rig/processes.ts';
import { waitFor } from '../rig/wait-for.ts';

const NOTIFIES = new URL('../lifecycle/programs/notifies.pl', import.meta.url).pathname;
const notify = (socket: string, ...fields: string[]): void => {
  execFileSync('perl', [NOTIFIES, ...fields], { env: { ...process.env, NOTIFY_SOCKET: socket } });
};

test.each(RELAY_PROGRAMS)('%s: delivers each message to its instance', async (program) => {
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
  // Messages to different sockets may overtake one another.
  expect([...heard].sort()).toEqual(['a.1 STATUS=half way = 50% READY=1', 'b.1 WATCHDOG=1']);
  // Another incarnation listens again at the same path; a forgotten instance gets nothing.
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

test.each(RELAY_PROGRAMS)(
  '%s: what comes between two supervisors waits for the next, if it is for the same',
  async (program) => {
    const directory = mkdtempSync(join(tmpdir(), 'orch-notify-'));
    vi.stubEnv('RELAY_MARK', directory);
    const older = new NotifyRelay(directory, program);
    const newer = new NotifyRelay(directory, program);
    onTestFinished(async () => {
      vi.unstubAllEnvs();
      await newer.close();
      await waitFor('both have ended', relays, (count) => count === 0);
      rmSync(directory, { recursive: true, force: true });
    });
    const relays = () => findProcesses([`RELAY_MARK=${directory}`]).length;
    const sockets = await Promise.all(['a.1', 'b.1', 'c.1'].map((id) => older.listen(id, () => undefined)));
    await older.handOver();
    for (const socket of sockets) notify(socket, 'READY=1', 'STATUS=alone');
    await waitFor(
      'it is kept',
      () => sockets.every((socket) => existsSync(`${socket}.left`)),
      (isKept) => isKept,
    );
    expect(statSync(`${sockets[0]}.left`).mode & 0o777).toBe(0o600);
    const heard: string[] = [];
    const hears = (id: string) => (fields: ReadonlyMap<string, string>) => heard.push(`${id} ${fields.get('STATUS')}`);
    await newer.listen('a.1', hears('a.1'), true);
    await newer.listen('b.1', hears('b.1'));
    expect(heard).toEqual(['a.1 alone']);
    notify(sockets[1]!, 'STATUS=again');
    await waitFor(
      'the newer one hears',
      () => heard,
      (seen) => seen.includes('b.1 again'),
    );
    // The older one has c.1 still, and ends with it.
    rmSync(sockets[2]!);
    await waitFor('the older one has ended', relays, (count) => count === 1);
  },
);

test('the relay reports that the socket cannot be bound', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'orch-notify-'));
  const relay = new NotifyRelay(join(directory, 'there', 'is', 'nothing'));
  writeFileSync(join(directory, 'there'), '');
  onTestFinished(async () => {
    await relay.close();
    rmSync(directory, { recursive: true });
  });
  await expect(relay.listen('a.1', () => undefined)).rejects.toThrow();
});
