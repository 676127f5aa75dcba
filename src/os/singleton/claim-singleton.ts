// At most one live instance per singleton key and scope, over all supervisors of the machine. The lock of a key is kept
// from the first check until the new holder is recorded, so that racing starts happen one after the other.

import { realpathSync } from 'node:fs';
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
  singletonDirs,
  writeRecord,
} from './singleton-records.ts';

export type SingletonClaim = {
  key: string;
  /** Under which an earlier version recorded the holder, if it is of this project. */
  formerKey?: string | null;
  scope: SingletonPolicy['scope'];
  onConflict: SingletonPolicy['onConflict'];
  projectRoot: string;
  stateDir: string;
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
  const directories = singletonDirs(claim.scope, claim.stateDir);
  const place: KeyPlace = { bases: directories.map((path) => singletonBase(path, claim.key)), locks: [] };
  const { graceMs, abort } = claim;
  const shared = claim.scope === 'host';
  try {
    for (const base of place.bases) {
      const lock = await acquireLock(`${base}.lock`, { waitMs: graceMs + BUSY_MARGIN_MS, abort, shared, native: true });
      if ('heldBy' in lock) {
        unlock(place);
        return claimBusy(base, claim);
      }
      place.locks.push(lock);
    }
    const result = await applyConflictPolicy(place, claim, await findOccupant(place, claim, directories));
    if (!('lease' in result)) unlock(place);
    return result;
  } catch (error) {
    unlock(place);
    throw error;
  }
}

/** Where a key is recorded, and its locks: one place, or two if an earlier version keeps its records elsewhere. */
type KeyPlace = { bases: string[]; locks: Lock[] };

function unlock({ locks }: KeyPlace): void {
  for (const lock of locks) lock.release();
}

/** Call it with the key locked: then the holder changes only by its death. */
async function findOccupant(
  { bases }: KeyPlace,
  claim: SingletonClaim,
  directories: string[],
): Promise<SingletonHolder | null> {
  for (const base of bases) {
    const holder = await findHolder(base, claim.nonce);
    if (holder) return holder;
  }
  return (await findFormerHolder(claim, directories)) ?? findHolderByPidFile(claim);
}

/** A process of this project that an earlier version started: other projects share its key without meaning to. */
async function findFormerHolder(
  { formerKey = null, nonce, projectRoot }: SingletonClaim,
  directories: string[],
): Promise<SingletonHolder | null> {
  if (formerKey === null) return null;
  const roots = [projectRoot, resolveLinks(projectRoot)];
  for (const directory of directories) {
    const holder = await findHolder(singletonBase(directory, formerKey), nonce);
    if (holder && roots.includes(holder.record.projectRoot)) return holder;
  }
  return null;
}

function resolveLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // the directory is gone
  }
}

/** The live holder of the key, and the live claimant that is about to take it; null where there is none. */
export function readHolderAndClaim(
  key: string,
  scope: SingletonPolicy['scope'],
  stateDir: string,
): { holder: SingletonRecord | null; claim: SingletonRecord | null } {
  const bases = singletonDirs(scope, stateDir).map((path) => singletonBase(path, key));
  const first = (kind: 'claim' | 'holder') => bases.map((base) => readLiveRecord(base, kind)).find(Boolean) ?? null;
  return { claim: first('claim'), holder: first('holder') };
}

async function applyConflictPolicy(
  place: KeyPlace,
  claim: SingletonClaim,
  occupant: SingletonHolder | null,
): Promise<ClaimResult> {
  if (occupant === null) return { ok: true, lease: new Lease(place, claim) };
  const { record, reason, isMainAlive, isForeign } = occupant;
  switch (claim.onConflict) {
    case 'refuse':
      return refusal('refused', record, reason);
    case 'wait':
      return refusal('waiting', record, reason);
    case 'adopt':
      if (!isMainAlive) return await replaceHolder(place, claim, occupant); // nothing to adopt
      if (isForeign) return refusal('refused', record, `${reason}: another user's, so it cannot be taken over`);
      return { ok: true, adopt: record.process, heldBy: record };
    case 'replace':
      return await replaceHolder(place, claim, occupant);
  }
}

async function replaceHolder(place: KeyPlace, claim: SingletonClaim, occupant: SingletonHolder): Promise<ClaimResult> {
  // The claim is recorded before the first signal: the older supervisor reads it when its instance exits, and gives up.
  const lease = new Lease(place, claim);
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
  readonly #place: KeyPlace;
  readonly #claim: SingletonClaim;
  readonly #claimant: Incarnation;
  #holder: Incarnation | null = null;

  constructor(place: KeyPlace, claim: SingletonClaim) {
    this.#place = place;
    this.#claim = claim;
    this.#claimant = identify(process.pid, claim.nonce) as Incarnation;
    this.#write('claim', this.#claimant);
  }

  /**
   * The new holder runs: records it and frees the lock. Rejects when its record or pid file cannot be written; it holds
   * the key even then.
   */
  async commit(holder: Incarnation): Promise<void> {
    this.#holder = holder;
    try {
      this.#write('holder', holder);
    } catch (error) {
      // The claim stays, and names the holder by its nonce.
      unlock(this.#place);
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
    this.#remove('claim', this.#claimant);
    unlock(this.#place);
  }

  /** The holder is dead: removes its record, if it is still the holder's. */
  release(): void {
    if (this.#holder === null) return;
    if (this.#claim.pidFile) removePidFile(this.#claim.pidFile.path, this.#holder.pid);
    this.#remove('holder', this.#holder);
    this.#remove('claim', this.#claimant);
  }

  #write(kind: 'claim' | 'holder', named: Incarnation): void {
    for (const base of this.#place.bases) writeRecord(base, kind, toRecord(this.#claim, named));
  }

  #remove(kind: 'claim' | 'holder', named: Incarnation): void {
    for (const base of this.#place.bases) removeRecord(base, kind, named);
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
