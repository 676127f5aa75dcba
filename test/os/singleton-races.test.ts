// Singletons over supervisors that are real processes: they race, and are killed at the worst moments.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { readHolderAndClaim } from '../../src/os/singleton/claim-singleton.ts';
import { readStat } from '../rig/processes.ts';
import { waitFor } from '../rig/wait-for.ts';
import { bundle } from './bundle.ts';
import { claim, mustLease, place } from './claims.ts';
import { mark } from './trees.ts';

const claims = bundle('claims-singleton');
const started: ChildProcess[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
});

/** A supervisor of its own; resolves with the first line that it says. */
async function supervise(
  nonce: string,
  policy: string,
  deed = 'commit',
): Promise<{ child: ChildProcess; says: string }> {
  const env = { ...process.env, MARK: mark, ALONE: join(place.directory, 'alone') };
  const args = [claims, `/projects/${nonce}`, `${mark}-${nonce}`, policy, deed];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  let says = '';
  child.stdout.on('data', (chunk) => {
    says += chunk;
  });
  await Promise.race([
    once(child, 'close'),
    waitFor(
      'a line',
      () => says,
      (text) => text.includes('\n'),
      30_000,
    ),
  ]);
  return { child, says: says.trim() };
}

describe('supervisors', () => {
  test('that replace each other have one live instance at a time', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const all = await Promise.all(names.map((name) => supervise(name, 'replace')));
    expect(all.map(({ says }) => says.split(' ')[0])).toEqual(names.map(() => 'holds'));
    // One flock(1) that found the lock taken would have said `ended {"code":99}`.
    const holder = readHolderAndClaim('bot', 'host', '').holder;
    const alive = all.filter(({ says }) => readStat(Number(says.slice(6))) !== null);
    expect(alive.map(({ says }) => Number(says.slice(6)))).toEqual([holder?.process.pid]);
    await endAll(holder?.process.nonce);
  });

  test('that refuse: one holds, the others name it', async () => {
    const all = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => supervise(name, 'refuse')));
    const holder = readHolderAndClaim('bot', 'host', '').holder;
    expect(all.filter(({ says }) => says.startsWith('holds'))).toHaveLength(1);
    expect(all.filter(({ says }) => says === `refused ${holder?.process.nonce}`)).toHaveLength(4);
    await endAll(holder?.process.nonce);
  });

  test('that die between the start and its record leave no second one', async () => {
    const first = await supervise('crash', 'replace', 'crash');
    expect(first.says).toBe('');
    expect(await claim({ onConflict: 'refuse' })).toMatchObject({
      code: 'refused',
      heldBy: { projectRoot: '/projects/crash' },
    });
    const second = await supervise('crash-again', 'replace', 'crash');
    expect(second.says).toBe('');
    const third = await supervise('third', 'replace');
    expect(third.says).toMatch(/^holds/);
    await endAll(`${mark}-third`);
  });

  test('that die one after the other while they replace lose track of no process', async () => {
    await supervise('first', 'replace', 'crash');
    const second = supervise('second', 'replace');
    await waitFor(
      'the second claims',
      () => readHolderAndClaim('bot', 'host', '').claim,
      (by) => by?.projectRoot === '/projects/second',
    );
    started.at(-1)?.kill('SIGKILL');
    expect((await second).says).toBe('');
    const result = await claim({ onConflict: 'refuse' });
    expect(result).toMatchObject({ code: 'refused', heldBy: { process: { nonce: `${mark}-first` } } });
    await endAll(`${mark}-first`);
  });

  async function endAll(nonce: string | undefined): Promise<void> {
    (await mustLease({ nonce: 'the end', graceMs: 100 })).abandon();
    expect(nonce).toContain(mark);
  }
});
