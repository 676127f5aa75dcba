// Finds processes by the nonce that every instance inherits in its environment (ORCH_NONCE): what escaped its process
// group by setsid or a double fork is found here. Reads only; decides nothing, signals nothing.
import type { Incarnation } from '../../core/model.ts';
import { cgroupPids, releaseCgroup } from '../cgroup/cgroup.ts';
import { isAlive, lastSeenAliveTicks, liveStat, recordSeenAlive } from '../process/identity.ts';
import { type ProcessSnapshot, type ScannedProcess, scanProcesses } from './process-scan.ts';

export type TreeMember = {
  pid: number;
  startTime: string;
  /** Null: found by its session, its environment was cleared. */
  nonce: string | null;
  sessionLeader: boolean;
  /** Its ORCH_* variables only. */
  environment: Record<string, string>;
  command: string;
};

/**
 * Every live process of each nonce: by environment, and by the session of its leader where one is given.
 * @param leaders the main process of each nonce, alive or not
 * All calls made while a scan waits or runs share the next one. An unknown nonce has an empty list.
 */
export async function sweepByNonce(
  nonces: string[],
  leaders: ReadonlyMap<string, Incarnation> = new Map(),
): Promise<Map<string, TreeMember[]>> {
  const snapshot = indexOf(await scanProcesses({ sessions: leaders.size > 0 }));
  return new Map(nonces.map((nonce) => [nonce, membersOf(nonce, leaders.get(nonce), snapshot)]));
}

/** Every live process whose nonce begins with `prefix`. */
export async function findProjectProcesses(prefix: string): Promise<TreeMember[]> {
  const { carriers } = await scanProcesses({ sessions: false });
  return carriers.filter((member) => member.nonce?.startsWith(prefix)).map(({ session: _, ...member }) => member);
}

type SnapshotIndex = { byNonce: Map<string, ScannedProcess[]>; bySession: Map<number, ScannedProcess[]> };
/** Hundreds of requests share a snapshot: each must not go through all of it. */
const indices = new WeakMap<ProcessSnapshot, SnapshotIndex>();

function indexOf(snapshot: ProcessSnapshot): SnapshotIndex {
  const known = indices.get(snapshot);
  if (known !== undefined) return known;
  const index: SnapshotIndex = {
    byNonce: groupBy(snapshot.carriers, (carrier) => carrier.nonce as string),
    bySession: groupBy(snapshot.others, (other) => other.session),
  };
  indices.set(snapshot, index);
  return index;
}

function groupBy<Key>(processes: ScannedProcess[], keyOf: (one: ScannedProcess) => Key): Map<Key, ScannedProcess[]> {
  const groups = new Map<Key, ScannedProcess[]>();
  for (const one of processes) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return groups;
}

function membersOf(nonce: string, leader: Incarnation | undefined, snapshot: SnapshotIndex): TreeMember[] {
  const carriers = snapshot.byNonce.get(nonce) ?? [];
  const cleared = leader === undefined ? [] : membersWithoutNonce(leader, carriers, snapshot);
  const members = addCgroupMembers(
    nonce,
    [...carriers, ...cleared].map(({ session: _, ...member }) => member),
  );
  const all = leader === undefined ? members : addLeader(leader, members);
  if (all.length === 0) releaseCgroup(nonce);
  return all;
}

/** Nothing leaves a cgroup by itself: this finds also who cleared its environment and left the session. */
function addCgroupMembers(nonce: string, members: TreeMember[]): TreeMember[] {
  const known = new Set(members.map(({ pid }) => pid));
  const others = cgroupPids(nonce).filter((pid) => !known.has(pid));
  const found = others.map(liveStat).filter((stat) => stat !== null);
  const contained = found.map(({ pid, startTime, session, comm }) => {
    return { pid, startTime, nonce: null, sessionLeader: session === pid, environment: {}, command: comm };
  });
  return [...members, ...contained];
}

/** A leader that does not lead its session, or whose environment is not for us to read, belongs to it all the same. */
function addLeader(leader: Incarnation, members: TreeMember[]): TreeMember[] {
  if (members.some(({ pid }) => pid === leader.pid) || !isAlive(leader)) return members;
  const { pid, startTime } = leader;
  return [{ pid, startTime, nonce: null, sessionLeader: false, environment: {}, command: '' }, ...members];
}

/**
 * Processes without a nonce in the leader's session. The kernel gives a session's number to nobody else while one
 * member lives, so they are ours if the leader lives, or a member that carries the nonce, or one that was born before
 * the leader was last seen alive. Failing that the number may have been recycled by a stranger: then none counts.
 */
function membersWithoutNonce(
  leader: Incarnation,
  carriers: ScannedProcess[],
  snapshot: SnapshotIndex,
): ScannedProcess[] {
  const inSession = snapshot.bySession.get(leader.pid) ?? [];
  if (inSession.length === 0) return [];
  const leaderLives = isAlive(leader);
  if (leaderLives) recordSeenAlive(leader.pid);
  const proven =
    leaderLives ||
    carriers.some((member) => member.session === leader.pid) ||
    inSession.some((member) => startedBeforeLastSeen(member.startTime, leader));
  return proven ? inSession : [];
}

function startedBeforeLastSeen(startTime: string, leader: Incarnation): boolean {
  return Number(startTime) >= Number(leader.startTime) && Number(startTime) < lastSeenAliveTicks(leader.pid);
}
