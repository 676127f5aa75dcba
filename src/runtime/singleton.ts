// At most one live instance per singleton key and scope, over all supervisors of the machine. A key's lock is held
// from the first look until the new holder's record is written, so that any number of racing starts take turns.
import type { Incarnation, SingletonPolicy } from '../core/model.ts';
import { identify } from './identity.ts';
import { acquireLock, type Lock } from './lock.ts';
import {
  readLive,
  removeRecord,
  type SingletonRecord,
  singletonBase,
  singletonDir,
  writeRecord,
} from './singleton-store.ts';
import { stopTree } from './stop-tree.ts';

export type SingletonClaim = {
  key: string;
  scope: SingletonPolicy['scope'];
  onConflict: SingletonPolicy['onConflict'];
  projectRoot: string;
  /** `api.1` */
  instance: string;
  nonce: string;
  /** How an older holder is asked to stop, and how long it gets. */
  signal: string;
  graceMs: number;
};

export type Lease = {
  /** The new holder runs: records it and lets the next claimant look. */
  commit(holder: Incarnation): Promise<void>;
  /** Nothing was started: lets the next claimant look. */
  abandon(): void;
  /** The holder is dead: removes its record, if it is still the holder's. */
  release(): void;
};

export type ClaimResult =
  | { ok: true; lease: Lease }
  /** `adopt`: this process holds the key and is to be taken over as it is. */
  | { ok: true; adopt: Incarnation; heldBy: SingletonRecord }
  /** `refused`, `waiting`: by policy; `busy`: another claim takes its time; `not-stopped`: the older one's tree cannot
   * be ended. Try again later with all of them but `refused`. `reason` is a sentence. */
  | {
      ok: false;
      code: 'refused' | 'waiting' | 'busy' | 'not-stopped';
      heldBy: SingletonRecord | null;
      reason: string;
    };

/** Beyond the grace period: time for the other claimant to kill and to spawn. */
const BUSY_MARGIN_MS = 10_000;

/**
 * Decides who may hold the key. Under `replace` the older one's whole tree is dead when this resolves. With `lease`
 * the key stays locked until `commit` or `abandon` (or until we die).
 * @throws UnsafeDirectoryError where the shared directory cannot be trusted
 */
export async function claimSingleton(claim: SingletonClaim): Promise<ClaimResult> {
  const base = singletonBase(singletonDir(claim.scope, claim.projectRoot), claim.key);
  const lock = await acquireLock(`${base}.lock`, {
    waitMs: claim.graceMs + BUSY_MARGIN_MS,
    shared: claim.scope === 'host',
  });
  if ('heldBy' in lock) return busy(base, claim.key);
  try {
    const result = await decide(base, claim, lock);
    if (!('lease' in result)) lock.release();
    return result;
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * Who holds the key now, and who is about to replace that holder; null where nobody alive does. A supervisor whose
 * instance ended looks here before it starts it again: if another one holds or claims the key, it lost it.
 */
export function readHolder(
  key: string,
  scope: SingletonPolicy['scope'],
  projectRoot: string,
): { holder: SingletonRecord | null; claim: SingletonRecord | null } {
  const base = singletonBase(singletonDir(scope, projectRoot), key);
  return { claim: readLive(base, 'claim'), holder: readLive(base, 'holder') };
}

async function decide(base: string, claim: SingletonClaim, lock: Lock): Promise<ClaimResult> {
  const holder = readLive(base, 'holder');
  if (holder === null || holder.process.nonce === claim.nonce) return { ok: true, lease: openLease(base, claim, lock) };
  switch (claim.onConflict) {
    case 'refuse':
      return { ok: false, code: 'refused', heldBy: holder, reason: describe(holder) };
    case 'wait':
      return { ok: false, code: 'waiting', heldBy: holder, reason: `waits: ${describe(holder)}` };
    case 'adopt':
      return { ok: true, adopt: holder.process, heldBy: holder };
    case 'replace':
      return await replace(base, claim, lock, holder);
  }
}

async function replace(base: string, claim: SingletonClaim, lock: Lock, holder: SingletonRecord): Promise<ClaimResult> {
  const claimant = identify(process.pid, claim.nonce) as Incarnation;
  // Before the first signal: the older one's supervisor reads this when its instance ends, and lets it go.
  writeRecord(base, 'claim', toRecord(claim, claimant));
  const target = { incarnation: holder.process, ourChild: false };
  const { survivors } = await stopTree(target, { signal: claim.signal, graceMs: claim.graceMs });
  if (survivors.length === 0) return { ok: true, lease: openLease(base, claim, lock) };
  removeRecord(base, 'claim', claimant);
  const pids = survivors.map(({ pid }) => pid).join(', ');
  return {
    ok: false,
    code: 'not-stopped',
    heldBy: holder,
    reason: `${describe(holder)} and cannot be ended (pid ${pids})`,
  };
}

function openLease(base: string, claim: SingletonClaim, lock: Lock): Lease {
  const claimant = identify(process.pid, claim.nonce) as Incarnation;
  let holder: Incarnation | null = null;
  const endClaim = () => {
    removeRecord(base, 'claim', claimant);
    lock.release();
  };
  return {
    commit: async (process) => {
      holder = process;
      writeRecord(base, 'holder', toRecord(claim, process));
      endClaim();
    },
    abandon: endClaim,
    release: () => {
      if (holder !== null) removeRecord(base, 'holder', holder);
    },
  };
}

function toRecord({ key, projectRoot, instance }: SingletonClaim, process: Incarnation): SingletonRecord {
  return { key, process, projectRoot, instance, since: new Date().toISOString() };
}

function busy(base: string, key: string): ClaimResult {
  const claimant = readLive(base, 'claim');
  const who = claimant === null ? 'another supervisor' : `${claimant.instance} of ${claimant.projectRoot}`;
  return { ok: false, code: 'busy', heldBy: claimant, reason: `singleton "${key}" is being taken by ${who}` };
}

function describe({ key, instance, projectRoot, process }: SingletonRecord): string {
  return `singleton "${key}" is held by ${instance} of ${projectRoot} (pid ${process.pid})`;
}
