// Singletons over supervisors: never two at a time, whoever races, crashes or lies.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bootId } from '../../src/runtime/identity.ts';
import { claimSingleton, type Lease, readHolder, type SingletonClaim, takenBy } from '../../src/runtime/singleton.ts';
import { singletonBase, singletonDir } from '../../src/runtime/singleton-store.ts';
import { isAlive, readStat } from '../rig/processes.ts';
import { waitFor } from '../rig/wait-for.ts';
import { bundle } from './bundle.ts';
import { living, mark, startShell, type Tree } from './trees.ts';

const claims = bundle('claims-singleton');
let directory: string;
const started: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orch-single-'));
  process.env.ORCH_SINGLETON_DIR = join(directory, 'registry');
});
afterEach(async () => {
  delete process.env.ORCH_SINGLETON_DIR;
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  rmSync(directory, { recursive: true });
});

const claim = (over: Partial<SingletonClaim> = {}) =>
  claimSingleton({
    key: 'bot',
    scope: 'host',
    onConflict: 'replace',
    projectRoot: '/projects/a',
    instance: 'bot.1',
    nonce: `${mark}-new`,
    signal: 'SIGTERM',
    graceMs: 1000,
    ...over,
  });

async function mustLease(over: Partial<SingletonClaim> = {}): Promise<Lease> {
  const result = await claim(over);
  if (!('lease' in result)) throw new Error(JSON.stringify(result));
  return result.lease;
}

/** A live holder of the key, of another project. */
async function startHolder(line = 'exec sleep 1000', size = 1): Promise<Tree> {
  const lease = await mustLease({ projectRoot: '/projects/old', nonce: 'to be' });
  const tree = await startShell(line, size);
  await lease.commit(tree.incarnation);
  return tree;
}

const end = async (tree: Tree) => {
  process.kill(-tree.incarnation.pid, 'SIGKILL');
  await tree.ended;
};

/** A supervisor of its own; resolves with the first line that it says. */
async function supervise(
  nonce: string,
  policy: string,
  deed = 'commit',
): Promise<{ child: ChildProcess; says: string }> {
  const env = { ...process.env, MARK: mark, ALONE: join(directory, 'alone') };
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

describe('a free key', () => {
  test('is leased, held, and free again', async () => {
    const lease = await mustLease();
    const tree = await startShell('exec sleep 1000', 1);
    await lease.commit(tree.incarnation);
    const { holder, claim: claimant } = readHolder('bot', 'host', '/projects/a');
    expect(holder).toMatchObject({
      key: 'bot',
      process: tree.incarnation,
      projectRoot: '/projects/a',
      instance: 'bot.1',
    });
    expect(claimant).toBeNull();
    lease.release();
    expect(readHolder('bot', 'host', '/projects/a').holder).toBeNull();
    await end(tree);
  });

  test('is free again after an abandoned claim', async () => {
    (await mustLease()).abandon();
    (await mustLease({ nonce: `${mark}-other` })).abandon();
    expect(readHolder('bot', 'host', '/projects/a')).toEqual({ holder: null, claim: null });
  });

  test('is one of many: other keys and scopes do not meet', async () => {
    const leases = [
      await mustLease(),
      await mustLease({ key: 'Bot' }),
      await mustLease({ key: 'bot/../bot' }),
      await mustLease({ key: '../../etc/passwd' }),
      await mustLease({ scope: 'user' }),
    ];
    for (const lease of leases) lease.abandon();
    expect(readdirSync(directory)).toEqual(['registry']);
  });

  test('of a holder that died without a word', async () => {
    const tree = await startHolder();
    await end(tree);
    (await mustLease({ onConflict: 'refuse' })).abandon();
  });
});

describe('a held key', () => {
  test.each([
    ['refuse', 'refused'],
    ['wait', 'waiting'],
  ] as const)('under %s leaves the older one alone', async (onConflict, code) => {
    const tree = await startHolder();
    const result = await claim({ onConflict });
    expect(result).toMatchObject({ ok: false, code, heldBy: { process: tree.incarnation } });
    expect(result).toHaveProperty(
      'reason',
      `singleton "bot" is held by bot.1 of /projects/old (pid ${tree.incarnation.pid})`,
    );
    expect(isAlive(tree.incarnation)).toBe(true);
    await end(tree);
  });

  test('under adopt hands over the very process', async () => {
    const tree = await startHolder();
    expect(await claim({ onConflict: 'adopt' })).toMatchObject({ ok: true, adopt: tree.incarnation });
    expect(isAlive(tree.incarnation)).toBe(true);
    await end(tree);
  });

  test('under replace is had once the whole older tree is dead', async () => {
    const tree = await startHolder('trap "" TERM; setsid sleep 1000 & while :; do sleep 0.1; done', 3);
    const lease = await mustLease({ graceMs: 200 });
    expect(living(tree)).toEqual([]);
    expect(takenBy({ key: 'bot', scope: 'host', projectRoot: '/projects/old', nonce: tree.nonce })).toMatch(
      /^singleton "bot" is held by bot\.1 of \/projects\/a/,
    );
    lease.abandon();
    expect(takenBy({ key: 'bot', scope: 'host', projectRoot: '/projects/old', nonce: tree.nonce })).toBeNull();
    await tree.ended;
  });

  test('is not free while what its main process left behind lives', async () => {
    const tree = await startHolder('setsid sleep 1000 & sleep 0.1', 2);
    await tree.ended;
    expect(await claim({ onConflict: 'refuse' })).toMatchObject({ ok: false, code: 'refused' });
    expect(living(tree)).toHaveLength(1);
    (await mustLease({ onConflict: 'replace' })).abandon();
    expect(living(tree)).toEqual([]);
  });

  test('gives up the claim when it is not wanted any more', async () => {
    const tree = await startHolder('trap "" TERM; while :; do sleep 0.1; done', 2);
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 100);
    expect(await claim({ graceMs: 60_000, abort: abort.signal })).toMatchObject({ ok: false, code: 'aborted' });
    expect(isAlive(tree.incarnation)).toBe(true);
    expect(readHolder('bot', 'host', '').claim).toBeNull();
    await end(tree);
  });

  test('names no stranger that got the pid', async () => {
    const stranger = await startShell('exec sleep 1000', 1);
    const { incarnation } = stranger;
    const lease = await mustLease({ nonce: 'dead' });
    await lease.commit({ ...incarnation, nonce: 'dead', startTime: '1' });
    (await mustLease()).abandon();
    expect(isAlive(incarnation)).toBe(true);
    await end(stranger);
  });
});

describe('supervisors', () => {
  test('that replace each other take turns: never two alive', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const all = await Promise.all(names.map((name) => supervise(name, 'replace')));
    expect(all.map(({ says }) => says.split(' ')[0])).toEqual(names.map(() => 'holds'));
    // One flock(1) that found the lock taken would have said `ended {"code":99}`.
    const holder = readHolder('bot', 'host', '').holder;
    const alive = all.filter(({ says }) => readStat(Number(says.slice(6))) !== null);
    expect(alive.map(({ says }) => Number(says.slice(6)))).toEqual([holder?.process.pid]);
    await endAll(holder?.process.nonce);
  });

  test('that refuse: one holds, the others name it', async () => {
    const all = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => supervise(name, 'refuse')));
    const holder = readHolder('bot', 'host', '').holder;
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

  test('that die one after the other while they replace lose sight of nobody', async () => {
    await supervise('first', 'replace', 'crash');
    const second = supervise('second', 'replace');
    await waitFor(
      'the second claims',
      () => readHolder('bot', 'host', '').claim,
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

describe('the registry', () => {
  test('heeds no record of garbage, of another boot, or behind a link', async () => {
    const tree = await startShell('exec sleep 1000', 1);
    const base = singletonBase(singletonDir('host', ''), 'bot');
    const record = { key: 'bot', projectRoot: '/x', instance: 'x.1', since: '', process: tree.incarnation };
    writeFileSync(`${base}.0.holder`, 'garbage');
    writeFileSync(`${base}.1.holder`, JSON.stringify({ ...record, process: { pid: 'x' } }));
    writeFileSync(
      `${base}.2.holder`,
      JSON.stringify({ ...record, process: { ...tree.incarnation, bootId: `${bootId()}x` } }),
    );
    writeFileSync(join(directory, 'planted'), JSON.stringify(record));
    symlinkSync(join(directory, 'planted'), `${base}.3.holder`);
    mkdirSync(`${base}.4.holder`);
    (await mustLease()).abandon();
    expect(isAlive(tree.incarnation)).toBe(true);
    await end(tree);
  });

  test.skipIf(process.getuid?.() !== 0)('heeds no record by which one user names the process of another', async () => {
    const victim = await startShell('setsid sleep 1000 & exec sleep 1000', 2);
    const base = singletonBase(singletonDir('host', ''), 'bot');
    for (const kind of ['holder', 'claim']) {
      const path = `${base}.65534.${kind}`;
      writeFileSync(
        path,
        JSON.stringify({ key: 'bot', projectRoot: '/x', instance: 'x.1', since: '', process: victim.incarnation }),
      );
      chownSync(path, 65534, 65534);
    }
    (await mustLease()).abandon();
    expect(readHolder('bot', 'host', '').holder).toBeNull();
    expect(living(victim)).toHaveLength(2);
    for (const { pid } of living(victim)) process.kill(pid, 'SIGKILL');
    await victim.ended;
  });

  test.skipIf(process.getuid?.() !== 0)('refuses a directory that somebody else prepared', async () => {
    const registry = join(directory, 'registry');
    mkdirSync(join(registry, 'host'), { recursive: true });
    chownSync(join(registry, 'host'), 65534, 65534);
    await expect(claim()).rejects.toThrow(/belongs to user 65534, not to you/);
    rmSync(join(registry, 'host'), { recursive: true });
    symlinkSync(directory, join(registry, 'host'));
    await expect(claim()).rejects.toThrow(/is a symbolic link: remove it/);
    chmodSync(directory, 0o755);
  });
});
