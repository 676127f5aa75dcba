// Finds processes by the nonce that every instance inherits in its environment (ORCH_NONCE), also those that left their
// process group by setsid or a double fork. Reads only; decides nothing, sends no signal.
import { groupBy } from '../../core/group-by.ts';
import type { Incarnation } from '../../core/slot.ts';
import { cgroupPids, releaseCgroup } from '../cgroup/cgroup.ts';
import { isAlive, lastSeenAliveTicks, liveStat, recordSeenAlive } from '../process/identity.ts';
import { type ProcessSnapshot, type ScannedProcess, scanProcesses, type TreeMember } from './process-scan.ts';

/**
 * Every live process of each nonce: by environment, and by the session of its leader where one is given.
 * All calls made while a scan waits or runs share the next one.
 * @param leaders the main process of each nonce, alive or not
 * @returns an empty list for an unknown nonce
 */
export async function sweepByNonce(
  nonces: string[],
  leaders: ReadonlyMap<string, Incarnation> = new Map(),
): Promise<Map<string, TreeMember[]>> {
  // With a thousand instances, most processes are main processes of others.
  const children = nonces.some((nonce) => !leaders.has(nonce));
  const snapshot = indexOf(await scanProcesses({ sessions: leaders.size > 0, children }));
  return new Map(nonces.map((nonce) => [nonce, membersOf(nonce, leaders.get(nonce), snapshot)]));
}

/** Every live process of one tree. */
export async function sweepTree(leader: Incarnation): Promise<TreeMember[]> {
  return (await sweepByNonce([leader.nonce], new Map([[leader.nonce, leader]]))).get(leader.nonce) ?? [];
}

/** Every live process whose nonce begins with one of these. */
export async function findProjectProcesses(prefixes: readonly string[]): Promise<TreeMember[]> {
  const { carriers } = await scanProcesses({ sessions: false, children: true });
  return carriers
    .filter((member) => prefixes.some((prefix) => member.nonce?.startsWith(prefix)))
    .map(({ session: _, ...member }) => member);
}

type SnapshotIndex = { byNonce: Map<string, ScannedProcess[]>; bySession: Map<number, ScannedProcess[]> };
/** Hundreds of requests share a snapshot: its processes are grouped once for all of them. */
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

function membersOf(nonce: string, leader: Incarnation | undefined, snapshot: SnapshotIndex): TreeMember[] {
  const carriers = snapshot.byNonce.get(nonce) ?? [];
  const cleared = leader === undefined ? [] : membersWithoutNonce(leader, carriers, snapshot);
  const swept = [...carriers, ...cleared].map(({ session: _, ...member }) => member);
  const members = addCgroupMembers(nonce, swept);
  const all = leader === undefined ? members : addLeader(leader, members);
  if (all.length === 0) releaseCgroup(nonce);
  return all;
}

/** A process cannot leave its cgroup by itself: this finds also one that cleared its environment and left the session. */
function addCgroupMembers(nonce: string, members: TreeMember[]): TreeMember[] {
  const known = new Set(members.map(({ pid }) => pid));
  const others = cgroupPids(nonce).filter((pid) => !known.has(pid));
  const found = others.map(liveStat).filter((stat) => stat !== null);
  const contained = found.map(({ pid, startTime, session, comm }) => {
    return { pid, startTime, nonce: null, isSessionLeader: session === pid, environment: {}, command: comm };
  });
  return [...members, ...contained];
}

/** Also a leader that is our child, does not lead its session, or has an environment that we may not read. */
function addLeader(leader: Incarnation, members: TreeMember[]): TreeMember[] {
  if (members.some(({ pid }) => pid === leader.pid) || !isAlive(leader)) return members;
  const { pid, startTime } = leader;
  const { session, comm = '' } = liveStat(pid) ?? {};
  const isSessionLeader = session === pid;
  return [{ pid, startTime, nonce: null, isSessionLeader, environment: {}, command: comm }, ...members];
}

/**
 * Processes without a nonce in the leader's session. The kernel does not reuse a session's number while one member
 * lives, so they are ours if one of these lives: the leader, a member with the nonce, or a member born before the leader
 * was last seen alive. Otherwise an unrelated process may have got the number: then none counts.
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
