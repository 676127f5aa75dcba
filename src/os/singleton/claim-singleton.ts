// At most one live instance per singleton key and scope, over all supervisors of the machine. A key's lock is held
// from the first look until the new holder's record is written, so that any number of racing starts take turns.
import type { Incarnation, SingletonPolicy } from '../../core/model.ts';
import { acquireLock, type Lock } from '../lock/lock.ts';
import { identify } from '../process/identity.ts';
import { removePidFile, writePidFile } from './pid-file.ts';
import { describeHolder, findHolder, findHolderByPidFile, type SingletonHolder } from './singleton-holder.ts';
import {
  readLiveRecord,
  removeRecord,
  type SingletonRecord,
  singletonBase,
  singletonDir,
  writeRecord,
} from './singleton-records.ts';

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
  /** A plain pid file that counts as a record of the holder; `command`: the words of the command, or its shell line. */
  pidFile?: { path: string; command: readonly string[] } | null;
  /** Ends the wait for another claimant or for the older holder; whom we already signalled stays signalled. */
  abort?: AbortSignal;
};

export type Lease = {
  /** The new holder runs: records it and lets the next claimant look. Rejects when its record or pid file cannot be
   * written; it holds the key all the same. */
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
   * be ended; `aborted`. `reason` is a sentence. */
  | {
      ok: false;
      code: 'refused' | 'waiting' | 'busy' | 'not-stopped' | 'aborted';
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
  const { graceMs, abort } = claim;
  const shared = claim.scope === 'host';
  const lock = await acquireLock(`${base}.lock`, { waitMs: graceMs + BUSY_MARGIN_MS, abort, shared });
  if ('heldBy' in lock) return claimBusy(base, claim);
  try {
    const result = await applyConflictPolicy(base, claim, lock);
    if (!('lease' in result)) lock.release();
    return result;
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Who holds the key now, and who is about to take it; null where nobody alive does. */
export function readHolderAndClaim(
  key: string,
  scope: SingletonPolicy['scope'],
  projectRoot: string,
): { holder: SingletonRecord | null; claim: SingletonRecord | null } {
  const base = singletonBase(singletonDir(scope, projectRoot), key);
  return { claim: readLiveRecord(base, 'claim'), holder: readLiveRecord(base, 'holder') };
}

/**
 * A sentence naming who took the key from the process with this nonce; null: nobody did. A supervisor whose instance
 * ended asks before it starts it again: two that replace each other in turn would never end.
 */
export function describeTakeover(lost: Pick<SingletonClaim, 'key' | 'scope' | 'projectRoot' | 'nonce'>): string | null {
  const { claim, holder } = readHolderAndClaim(lost.key, lost.scope, lost.projectRoot);
  const other = [claim, holder].find((record) => record !== null && record.process.nonce !== lost.nonce);
  return other == null ? null : describeHolder(other);
}

/** With the key's lock held, so that nothing changes under us but by death. */
async function applyConflictPolicy(base: string, claim: SingletonClaim, lock: Lock): Promise<ClaimResult> {
  const occupant = (await findHolder(base, claim.nonce)) ?? findHolderByPidFile(claim);
  if (occupant === null) return { ok: true, lease: openLease(base, claim, lock) };
  const { record, reason, leads, isForeign } = occupant;
  switch (claim.onConflict) {
    case 'refuse':
      return { ok: false, code: 'refused', heldBy: record, reason };
    case 'wait':
      return { ok: false, code: 'waiting', heldBy: record, reason };
    case 'adopt':
      if (leads && isForeign) {
        return {
          ok: false,
          code: 'refused',
          heldBy: record,
          reason: `${reason}: another user's, so it cannot be taken over`,
        };
      }
      if (leads) return { ok: true, adopt: record.process, heldBy: record };
      return await replaceHolder(base, claim, lock, occupant); // only remains of a tree: nothing to adopt
    case 'replace':
      return await replaceHolder(base, claim, lock, occupant);
  }
}

async function replaceHolder(
  base: string,
  claim: SingletonClaim,
  lock: Lock,
  occupant: SingletonHolder,
): Promise<ClaimResult> {
  // Recorded before the first signal: the older one's supervisor reads it when its instance ends, and lets it go.
  const lease = openLease(base, claim, lock);
  const { survivors } = await occupant.stop(claim);
  if (survivors.length === 0) return { ok: true, lease };
  lease.abandon();
  const { record: heldBy, reason } = occupant;
  if (claim.abort?.aborted) return { ok: false, code: 'aborted', heldBy, reason };
  const pids = survivors.map(({ pid }) => pid).join(', ');
  return { ok: false, code: 'not-stopped', heldBy, reason: `${reason} and cannot be ended (pid ${pids})` };
}

/** Writes the claim, so that a process started from now on is found even if we die before its record is written. */
function openLease(base: string, claim: SingletonClaim, lock: Lock): Lease {
  const claimant = identify(process.pid, claim.nonce) as Incarnation;
  writeRecord(base, 'claim', toRecord(claim, claimant));
  let holder: Incarnation | null = null;
  const endClaim = () => {
    removeRecord(base, 'claim', claimant);
    lock.release();
  };
  const recordHolder = (started: Incarnation) => {
    try {
      writeRecord(base, 'holder', toRecord(claim, started));
    } catch (error) {
      // The claim stays, and tells of the holder by its nonce.
      lock.release();
      throw error;
    }
  };
  return {
    commit: async (started) => {
      holder = started;
      recordHolder(started);
      try {
        if (claim.pidFile) await writePidFile(claim.pidFile.path, started.pid);
      } finally {
        endClaim();
      }
    },
    abandon: endClaim,
    release: () => {
      if (holder === null) return;
      if (claim.pidFile) removePidFile(claim.pidFile.path, holder.pid);
      removeRecord(base, 'holder', holder);
      removeRecord(base, 'claim', claimant);
    },
  };
}

function toRecord({ key, projectRoot, instance }: SingletonClaim, named: Incarnation): SingletonRecord {
  return { key, process: named, projectRoot, instance, since: new Date().toISOString() };
}

function claimBusy(base: string, { key, abort }: SingletonClaim): ClaimResult {
  const claimant = readLiveRecord(base, 'claim');
  const who = claimant === null ? 'another supervisor' : `${claimant.instance} of ${claimant.projectRoot}`;
  const code = abort?.aborted ? 'aborted' : 'busy';
  return { ok: false, code, heldBy: claimant, reason: `singleton "${key}" is being taken by ${who}` };
}
