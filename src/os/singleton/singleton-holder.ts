// Finds whoever holds a singleton key in truth: by the records of the key and what lives of their trees, and by a plain
// pid file. Ends nobody by itself; says how the one it found is ended.
import type { Incarnation } from '../../core/model.ts';
import { bootId, isAlive } from '../process/identity.ts';
import type { TreeTarget } from '../tree/signal.ts';
import { stopDescendants, stopTree } from '../tree/stop-tree.ts';
import { sweepByNonce } from '../tree/sweep.ts';
import { readPidFile } from './pid-file.ts';
import {
  isTrusted,
  mayWriterName,
  readRecords,
  type SingletonRecord,
  type WrittenRecord,
  writeRecord,
} from './singleton-records.ts';

export type SingletonHolder = {
  record: SingletonRecord;
  /** A sentence: who holds the key. */
  reason: string;
  /** Its main process lives; false: only what that left behind. */
  leads: boolean;
  /** Named by another user's record: whoever takes it over would end by its nonce whom that user may not. */
  isForeign: boolean;
  stop(policy: HolderStopPolicy): Promise<{ survivors: { pid: number }[] }>;
};
type HolderStopPolicy = { signal: string; graceMs: number; abort?: AbortSignal | undefined };
type PidFileClaim = {
  key: string;
  nonce: string;
  projectRoot: string;
  instance: string;
  pidFile?: { path: string; command: readonly string[] } | null;
};

/**
 * The record whose tree still lives; null when none does. A process that a supervisor started right before it died, and
 * never recorded, is found by the nonce in that supervisor's claim.
 */
export async function findHolder(base: string, ownNonce: string): Promise<SingletonHolder | null> {
  const others = readRecords(base).filter(
    ({ record }) => record.process.nonce !== ownNonce && record.process.bootId === bootId(),
  );
  const held = others.find((one) => one.kind === 'holder' && isAlive(one.record.process) && mayNameItsProcess(one));
  if (held !== undefined) return holderOf(held, held.record, true);
  if (others.length === 0) return null;
  const trees = await sweepByNonce(others.map(({ record }) => record.process.nonce));
  for (const one of others) {
    const members = (trees.get(one.record.process.nonce) ?? []).filter(({ pid }) => mayWriterName(one, pid));
    const leader = members.find(({ isSessionLeader }) => isSessionLeader) ?? members[0];
    if (leader === undefined) continue;
    const process = { ...one.record.process, pid: leader.pid, startTime: leader.startTime };
    const record = { ...one.record, process };
    // The dead claimant's record is about to be overwritten by ours, and we may die as well.
    if (one.kind === 'claim' && isTrusted(one)) writeRecord(base, 'holder', record);
    return holderOf(one, record, one.kind === 'claim' && leader.isSessionLeader);
  }
  return null;
}

/** The process that a pid file names, once it is proven; its nonce is ours, for it may have none. */
export function findHolderByPidFile({
  key,
  nonce,
  projectRoot,
  instance,
  pidFile,
}: PidFileClaim): SingletonHolder | null {
  if (pidFile == null) return null;
  const reading = readPidFile(pidFile.path, pidFile.command);
  if (reading.kind === 'nobody') return null;
  const process: Incarnation = { ...reading.process, nonce };
  return {
    record: { key, process, projectRoot, instance, since: '' },
    reason: `singleton "${key}" is held by pid ${process.pid} (${reading.command.slice(0, 80)}), named by ${pidFile.path}`,
    leads: true,
    isForeign: false,
    stop: (policy) => stopDescendants(process, policy),
  };
}

export function describeHolder({ key, instance, projectRoot, process: { pid } }: SingletonRecord): string {
  return `singleton "${key}" is held by ${instance} of ${projectRoot} (pid ${pid})`;
}

function holderOf(written: WrittenRecord, record: SingletonRecord, leads: boolean): SingletonHolder {
  const isForeign = !isTrusted(written);
  const target: TreeTarget = { incarnation: record.process, isOurChild: false };
  if (isForeign) target.maySignalPid = (pid) => mayWriterName(written, pid);
  return { record, leads, isForeign, reason: describeHolder(record), stop: (policy) => stopTree(target, policy) };
}

const mayNameItsProcess = (written: WrittenRecord) => mayWriterName(written, written.record.process.pid);
