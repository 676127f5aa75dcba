// Singletons: which claimant gets a key under each policy, what counts as its holder, and which records are trusted.

import { chownSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Incarnation } from '../../src/core/slot.ts';
import { bootId } from '../../src/os/process/identity.ts';
import { readHolderAndClaim } from '../../src/os/singleton/claim-singleton.ts';
import { singletonBase, singletonDir } from '../../src/os/singleton/singleton-records.ts';
import { isAlive } from '../rig/processes.ts';
import { waitFor } from '../rig/wait-for.ts';
import { claim, end, mustLease, place, startHolder } from './claims.ts';
import { living, mark, marked, startShell, startTree, type Tree } from './trees.ts';

describe('a free key', () => {
  test('is leased, held, and free again', async () => {
    const lease = await mustLease();
    const tree = await startShell('exec sleep 1000', 1);
    await lease.commit(tree.incarnation);
    const { holder, claim: claimant } = readHolderAndClaim('bot', 'host', '/projects/a');
    expect(holder).toMatchObject({
      key: 'bot',
      process: tree.incarnation,
      projectRoot: '/projects/a',
      instance: 'bot.1',
    });
    expect(claimant).toBeNull();
    lease.release();
    expect(readHolderAndClaim('bot', 'host', '/projects/a').holder).toBeNull();
    await end(tree);
  });

  test('is free again after an abandoned claim', async () => {
    (await mustLease()).abandon();
    (await mustLease({ nonce: `${mark}-other` })).abandon();
    expect(readHolderAndClaim('bot', 'host', '/projects/a')).toEqual({ holder: null, claim: null });
  });

  test('is independent of other keys and scopes', async () => {
    const leases = [
      await mustLease(),
      await mustLease({ key: 'Bot' }),
      await mustLease({ key: 'bot/../bot' }),
      await mustLease({ key: '../../etc/passwd' }),
      await mustLease({ scope: 'user' }),
    ];
    for (const lease of leases) lease.abandon();
    expect(readdirSync(place.directory)).toEqual(['registry']);
  });

  test('is free after its holder died', async () => {
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

  test('under adopt returns the live process', async () => {
    const tree = await startHolder();
    expect(await claim({ onConflict: 'adopt' })).toMatchObject({ ok: true, adopt: tree.incarnation });
    expect(isAlive(tree.incarnation)).toBe(true);
    await end(tree);
  });

  test('under replace is free once the whole older tree is dead', async () => {
    const tree = await startHolder('trap "" TERM; setsid sleep 1000 & while :; do sleep 0.1; done', 3);
    const lease = await mustLease({ graceMs: 200 });
    expect(living(tree)).toEqual([]);
    const { claim: ours } = readHolderAndClaim('bot', 'host', '/projects/old');
    expect(ours?.process.nonce).not.toBe(tree.nonce);
    lease.abandon();
    expect(readHolderAndClaim('bot', 'host', '/projects/old').claim).toBeNull();
    await tree.ended;
  });

  test('is not free while processes that its main process left behind live', async () => {
    const tree = await startHolder('setsid sleep 1000 & sleep 0.1', 2);
    await tree.ended;
    expect(await claim({ onConflict: 'refuse' })).toMatchObject({ ok: false, code: 'refused' });
    expect(living(tree)).toHaveLength(1);
    (await mustLease({ onConflict: 'replace' })).abandon();
    expect(living(tree)).toEqual([]);
  });

  test('ends the claim when it is aborted', async () => {
    const tree = await startHolder('trap "" TERM; while :; do sleep 0.1; done', 2);
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 100);
    expect(await claim({ graceMs: 60_000, abort: abort.signal })).toMatchObject({ ok: false, code: 'aborted' });
    expect(isAlive(tree.incarnation)).toBe(true);
    expect(readHolderAndClaim('bot', 'host', '').claim).toBeNull();
    await end(tree);
  });

  test('does not name another process that got the pid', async () => {
    const stranger = await startShell('exec sleep 1000', 1);
    const { incarnation } = stranger;
    const lease = await mustLease({ nonce: 'dead' });
    await lease.commit({ ...incarnation, nonce: 'dead', startTime: '1' });
    (await mustLease()).abandon();
    expect(isAlive(incarnation)).toBe(true);
    await end(stranger);
  });
});

describe('the registry', () => {
  test('ignores a record that is garbage, of another boot, or behind a link', async () => {
    const tree = await startShell('exec sleep 1000', 1);
    const base = singletonBase(singletonDir('host', ''), 'bot');
    const record = { key: 'bot', projectRoot: '/x', instance: 'x.1', since: '', process: tree.incarnation };
    writeFileSync(`${base}.0.holder`, 'garbage');
    writeFileSync(`${base}.1.holder`, JSON.stringify({ ...record, process: { pid: 'x' } }));
    writeFileSync(
      `${base}.2.holder`,
      JSON.stringify({ ...record, process: { ...tree.incarnation, bootId: `${bootId()}x` } }),
    );
    writeFileSync(join(place.directory, 'planted'), JSON.stringify(record));
    symlinkSync(join(place.directory, 'planted'), `${base}.3.holder`);
    mkdirSync(`${base}.4.holder`);
    (await mustLease()).abandon();
    expect(isAlive(tree.incarnation)).toBe(true);
    await end(tree);
  });

  test.skipIf(process.getuid?.() !== 0)('ignores a record by which one user names the process of another', async () => {
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
    expect(readHolderAndClaim('bot', 'host', '').holder).toBeNull();
    expect(living(victim)).toHaveLength(2);
    for (const { pid } of living(victim)) process.kill(pid, 'SIGKILL');
    await victim.ended;
  });

  describe.skipIf(process.getuid?.() !== 0)('of another user', () => {
    const OTHER_USER = 65534;
    const asOtherUser = ['setpriv', `--reuid=${OTHER_USER}`, `--regid=${OTHER_USER}`, '--clear-groups'];
    const startAsOtherUser = async (line: string, size: number, env: Record<string, string> = {}) => {
      const tree = await startTree([...asOtherUser, '/bin/sh', '-c', line, mark], env);
      await waitFor(
        'the tree of another user',
        () => ofOtherUser().length,
        (live) => live >= size,
      );
      return tree;
    };
    const ofOtherUser = () =>
      marked().filter(({ pid }) => statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid === OTHER_USER);
    const writeAsOtherUser = (kind: string, named: Incarnation) => {
      const path = `${singletonBase(singletonDir('host', ''), 'bot')}.${OTHER_USER}.${kind}`;
      writeFileSync(
        path,
        JSON.stringify({ key: 'bot', projectRoot: '/x', instance: 'x.1', since: '', process: named }),
      );
      chownSync(path, OTHER_USER, OTHER_USER);
    };
    let victim: Tree;
    beforeEach(async () => {
      victim = await startShell('setsid sleep 1000 & exec sleep 1000', 2);
    });
    afterEach(async () => {
      for (const { pid } of living(victim)) process.kill(pid, 'SIGKILL');
      await victim.ended;
    });

    test('a record with its own process and a foreign nonce harms only that process', async () => {
      const own = await startAsOtherUser('exec sleep 1000', 1);
      writeAsOtherUser('holder', { ...own.incarnation, nonce: victim.nonce });
      const result = await claim({ graceMs: 100 });
      expect(result).toMatchObject({ ok: false, code: 'not-stopped' });
      expect(living(victim)).toHaveLength(2);
      await own.ended;
      // The user who wrote it does not hold the key any more.
      (await mustLease({ graceMs: 100 })).abandon();
      expect(living(victim)).toHaveLength(2);
    });

    test('a record of a dead process, whose nonce a process of that user has, harms only that process', async () => {
      const own = await startAsOtherUser('exec sleep 1000', 1, { ORCH_NONCE: victim.nonce });
      writeAsOtherUser('claim', { ...own.incarnation, nonce: victim.nonce, startTime: '1' });
      expect(await claim({ graceMs: 100 })).toMatchObject({ ok: false, code: 'not-stopped' });
      expect(living(victim)).toHaveLength(2);
      await own.ended;
      expect(readHolderAndClaim('bot', 'host', '').holder).toBeNull();
      expect(
        readdirSync(join(place.directory, 'registry', 'host')).filter((name) => name.includes('.0.holder')),
      ).toEqual([]);
    });

    test('the process that it names is not adopted', async () => {
      const own = await startAsOtherUser('exec sleep 1000', 1);
      writeAsOtherUser('holder', own.incarnation);
      const result = await claim({ onConflict: 'adopt' });
      expect(result).toMatchObject({ ok: false, code: 'refused', heldBy: { process: own.incarnation } });
      expect(result).toHaveProperty('reason', expect.stringMatching(/another user's, so it cannot be taken over$/));
      expect(isAlive(own.incarnation)).toBe(true);
      await end(own);
    });

    test('a true record: its whole tree is ended', async () => {
      const own = await startAsOtherUser('trap "" TERM; setsid sleep 1000 & while :; do sleep 0.1; done', 3);
      writeAsOtherUser('holder', own.incarnation);
      (await mustLease({ graceMs: 100 })).abandon();
      expect(living(own)).toEqual([]);
      await own.ended;
    });
  });

  test.skipIf(process.getuid?.() !== 0)('refuses a directory that another user prepared', async () => {
    const registry = join(place.directory, 'registry');
    mkdirSync(join(registry, 'host'), { recursive: true });
    chownSync(join(registry, 'host'), 65534, 65534);
    await expect(claim()).rejects.toThrow(/belongs to user 65534, not to you/);
    rmSync(join(registry, 'host'), { recursive: true });
    symlinkSync(place.directory, join(registry, 'host'));
    await expect(claim()).rejects.toThrow(/is a symbolic link: remove it/);
  });
});
