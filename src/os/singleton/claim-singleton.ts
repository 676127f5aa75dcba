// At most one live instance per singleton key and scope, over all supervisors of the machine. The lock of a key is kept
// from the first check until the new holder is recorded, so that racing starts happen one after the other.

import type { Incarnation } from '../../core/slot.ts';
import type { SingletonPolicy } from '../../core/spec.ts';
import { acquireLock, type Lock } from '../lock/lock.ts';
import { identify } from '../process/identity.ts';
import { removePidFile, writePidFile } from './pid-file.ts';
import { findHolder, findHolderByPidFile, type SingletonHolder } from './singleton-holder.ts';
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
  /** How an older holder is stopped, and its grace period. */
  signal: string;
  graceMs: number;
  /** A plain pid file that counts as a record of the holder; `command`: the words of the command, or its shell line. */
  pidFile?: { path: string; command: readonly string[] } | null;
  /** Ends the wait for another claimant or for the older holder; signals that were sent stay sent. */
  abort?: AbortSignal;
};

export type ClaimResult =
  | { ok: true; lease: Lease }
  /** `adopt`: this process holds the key and is to be adopted as it is. */
  | { ok: true; adopt: Incarnation; heldBy: SingletonRecord }
  | SingletonRefusal;

/**
 * `refused`, `waiting`: by policy; `busy`: another claim is in progress; `not-stopped`: the older tree survived SIGKILL;
 * `aborted`. `reason` is a sentence.
 */
type SingletonRefusal = {
  ok: false;
  code: 'refused' | 'waiting' | 'busy' | 'not-stopped' | 'aborted';
  heldBy: SingletonRecord | null;
  reason: string;
};

/** Beyond the grace period: time for the other claimant to kill and to spawn. */
const BUSY_MARGIN_MS = 10_000;

/**
 * Decides whether the claimant gets the key. Under `replace` the whole older tree is dead when this resolves. With `lease`
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

/** The live holder of the key, and the live claimant that is about to take it; null where there is none. */
export function readHolderAndClaim(
  key: string,
  scope: SingletonPolicy['scope'],
  projectRoot: string,
): { holder: SingletonRecord | null; claim: SingletonRecord | null } {
  const base = singletonBase(singletonDir(scope, projectRoot), key);
  return { claim: readLiveRecord(base, 'claim'), holder: readLiveRecord(base, 'holder') };
}

/** Call it with the key locked: then the holder changes only by its death. */
async function applyConflictPolicy(base: string, claim: SingletonClaim, lock: Lock): Promise<ClaimResult> {
  const occupant = (await findHolder(base, claim.nonce)) ?? findHolderByPidFile(claim);
  if (occupant === null) return { ok: true, lease: new Lease(base, claim, lock) };
  const { record, reason, isMainAlive, isForeign } = occupant;
  switch (claim.onConflict) {
    case 'refuse':
      return refusal('refused', record, reason);
    case 'wait':
      return refusal('waiting', record, reason);
    case 'adopt':
      if (!isMainAlive) return await replaceHolder(base, claim, lock, occupant); // nothing to adopt
      if (isForeign) return refusal('refused', record, `${reason}: another user's, so it cannot be taken over`);
      return { ok: true, adopt: record.process, heldBy: record };
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
  // The claim is recorded before the first signal: the older supervisor reads it when its instance exits, and gives up.
  const lease = new Lease(base, claim, lock);
  const { survivors } = await occupant.stop(claim);
  if (survivors.length === 0) return { ok: true, lease };
  lease.abandon();
  const { record, reason } = occupant;
  if (claim.abort?.aborted) return refusal('aborted', record, reason);
  const pids = survivors.map(({ pid }) => pid).join(', ');
  return refusal('not-stopped', record, `${reason} and cannot be stopped (pid ${pids})`);
}

function refusal(code: SingletonRefusal['code'], heldBy: SingletonRecord | null, reason: string): SingletonRefusal {
  return { ok: false, code, heldBy, reason };
}

/**
 * The right to start the holder of a key. The claim is written first, so that a process started from now on is found even
 * if we die before we record it.
 */
export class Lease {
  readonly #base: string;
  readonly #claim: SingletonClaim;
  readonly #lock: Lock;
  readonly #claimant: Incarnation;
  #holder: Incarnation | null = null;

  constructor(base: string, claim: SingletonClaim, lock: Lock) {
    this.#base = base;
    this.#claim = claim;
    this.#lock = lock;
    this.#claimant = identify(process.pid, claim.nonce) as Incarnation;
    writeRecord(base, 'claim', toRecord(claim, this.#claimant));
  }

  /**
   * The new holder runs: records it and frees the lock. Rejects when its record or pid file cannot be written; it holds
   * the key even then.
   */
  async commit(holder: Incarnation): Promise<void> {
    this.#holder = holder;
    try {
      writeRecord(this.#base, 'holder', toRecord(this.#claim, holder));
    } catch (error) {
      // The claim stays, and names the holder by its nonce.
      this.#lock.release();
      throw error;
    }
    try {
      if (this.#claim.pidFile) await writePidFile(this.#claim.pidFile.path, holder.pid);
    } finally {
      this.abandon();
    }
  }

  /** Nothing was started: frees the lock. */
  abandon(): void {
    removeRecord(this.#base, 'claim', this.#claimant);
    this.#lock.release();
  }

  /** The holder is dead: removes its record, if it is still the holder's. */
  release(): void {
    if (this.#holder === null) return;
    if (this.#claim.pidFile) removePidFile(this.#claim.pidFile.path, this.#holder.pid);
    removeRecord(this.#base, 'holder', this.#holder);
    removeRecord(this.#base, 'claim', this.#claimant);
  }
}

function toRecord({ key, projectRoot, instance }: SingletonClaim, named: Incarnation): SingletonRecord {
  return { key, process: named, projectRoot, instance, since: new Date().toISOString() };
}

function claimBusy(base: string, { key, abort }: SingletonClaim): ClaimResult {
  const claimant = readLiveRecord(base, 'claim');
  const taker = claimant === null ? 'another supervisor' : `${claimant.instance} of ${claimant.projectRoot}`;
  return refusal(abort?.aborted ? 'aborted' : 'busy', claimant, `singleton "${key}" is being taken by ${taker}`);
}
