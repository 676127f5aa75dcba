// Finds the process that holds a singleton key: by the records of the key and the live processes of their trees, and by a
// plain pid file. Ends nothing by itself; returns how the holder is stopped.
import type { Incarnation } from '../../core/slot.ts';
import { bootId, isAlive } from '../process/identity.ts';
import { byAge } from '../tree/process-scan.ts';
import type { TreeTarget } from '../tree/signal.ts';
import { stopDescendants, stopTree, type TreeStopPolicy } from '../tree/stop-tree.ts';
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
  /** A sentence that names the holder. */
  reason: string;
  /** Its main process lives; false: only processes that it left behind. */
  isMainAlive: boolean;
  /** Named by another user's record: adopting it would later end, by its nonce, processes that this user may not end. */
  isForeign: boolean;
  stop(policy: TreeStopPolicy): Promise<{ survivors: { pid: number }[] }>;
};
type PidFileClaim = {
  key: string;
  nonce: string;
  projectRoot: string;
  instance: string;
  pidFile?: { path: string; command: readonly string[] } | null;
};

/**
 * The record whose tree still lives; null when none does. A process that a supervisor started just before it died, and
 * did not record, is found by the nonce in that supervisor's claim.
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
    const members = (trees.get(one.record.process.nonce) ?? [])
      .filter(({ pid }) => mayWriterName(one, pid))
      .sort(byAge);
    const leader = members.find(({ isSessionLeader }) => isSessionLeader) ?? members[0];
    if (leader === undefined) continue;
    const process = { ...one.record.process, pid: leader.pid, startTime: leader.startTime };
    const record = { ...one.record, process };
    // Our claim is about to overwrite that of the dead claimant, and we may die as well.
    if (one.kind === 'claim' && isTrusted(one)) writeRecord(base, 'holder', record);
    return holderOf(one, record, one.kind === 'claim' && leader.isSessionLeader);
  }
  return null;
}

/** The process that a trusted pid file names; it gets our nonce, as it may not have one. */
export function findHolderByPidFile(claim: PidFileClaim): SingletonHolder | null {
  const { key, nonce, projectRoot, instance, pidFile } = claim;
  if (pidFile == null) return null;
  const reading = readPidFile(pidFile.path, pidFile.command);
  if (reading.kind === 'none') return null;
  const process: Incarnation = { ...reading.process, nonce };
  return {
    record: { key, process, projectRoot, instance, since: '' },
    reason: `singleton "${key}" is held by pid ${process.pid} (${reading.command.slice(0, 80)}), named by ${pidFile.path}`,
    isMainAlive: true,
    isForeign: false,
    stop: (policy) => stopDescendants(process, policy),
  };
}

export function describeHolder({ key, instance, projectRoot, process: { pid } }: SingletonRecord): string {
  return `singleton "${key}" is held by ${instance} of ${projectRoot} (pid ${pid})`;
}

function holderOf(written: WrittenRecord, record: SingletonRecord, isMainAlive: boolean): SingletonHolder {
  const isForeign = !isTrusted(written);
  const target: TreeTarget = { incarnation: record.process, isOurChild: false };
  if (isForeign) target.maySignalPid = (pid) => mayWriterName(written, pid);
  const reason = describeHolder(record);
  return { record, isMainAlive, isForeign, reason, stop: (policy) => stopTree(target, policy) };
}

const mayNameItsProcess = (written: WrittenRecord) => mayWriterName(written, written.record.process.pid);
