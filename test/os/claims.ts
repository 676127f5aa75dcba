// A registry of singletons of its own and claims on the key `bot`, for the tests of singletons.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { claimSingleton, type Lease, type SingletonClaim } from '../../src/os/singleton/claim-singleton.ts';
import { mark, startShell, type Tree } from './trees.ts';

/** New for each test; the registry lies in `registry` below it. */
export const place = { directory: '' };
beforeEach(() => {
  place.directory = mkdtempSync(join(tmpdir(), 'orch-single-'));
  process.env.ORCH_SINGLETON_DIR = join(place.directory, 'registry');
});
afterEach(() => {
  delete process.env.ORCH_SINGLETON_DIR;
  rmSync(place.directory, { recursive: true });
});

export const claim = (over: Partial<SingletonClaim> = {}) =>
  claimSingleton({
    key: 'bot',
    scope: 'host',
    onConflict: 'replace',
    projectRoot: '/projects/a',
    stateDir: '/projects/a/.orch',
    instance: 'bot.1',
    nonce: `${mark}-new`,
    signal: 'SIGTERM',
    graceMs: 1000,
    ...over,
  });

export async function mustLease(over: Partial<SingletonClaim> = {}): Promise<Lease> {
  const result = await claim(over);
  if (!('lease' in result)) throw new Error(JSON.stringify(result));
  return result.lease;
}

/** A live holder of the key, of another project. */
export async function startHolder(line = 'exec sleep 1000', size = 1): Promise<Tree> {
  const lease = await mustLease({ projectRoot: '/projects/old', nonce: 'to be' });
  const tree = await startShell(line, size);
  await lease.commit(tree.incarnation);
  return tree;
}

export const end = async (tree: Tree) => {
  process.kill(-tree.incarnation.pid, 'SIGKILL');
  await tree.ended;
};
