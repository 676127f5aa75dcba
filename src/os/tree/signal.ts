// Sends signals to the tree of one instance, and only to it: to the leader's group while the leader is proven to be
// ours, to every swept member after its start time is read again. Keeps no state.

import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Incarnation } from '../../core/slot.ts';
import { killCgroup } from '../cgroup/cgroup.ts';
import { errnoOf } from '../errors.ts';
import { hasProc, platform } from '../platform.ts';
import { isAlive, liveStat } from '../process/identity.ts';
import { childrenOf, isDeadState, listPids, readStat } from '../process/proc-stat.ts';
import type { TreeMember } from './process-scan.ts';
import { sweepTree } from './sweep.ts';

export type TreeTarget = {
  incarnation: Incarnation;
  /** It is our direct child and its exit has not been reported: the kernel keeps its pid for us. */
  isOurChild: boolean;
  /**
   * Asked before each signal where the nonce does not prove that a process belongs to the tree, as another user named it;
   * signals then go to single pids only. Left out: the nonce is proof.
   */
  maySignalPid?: (pid: number) => boolean;
};

type Delivery = 'sent' | 'gone' | 'denied';

/** Between two rounds of killTree; grows, because a process that exits slowly needs no hurry. */
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 100;
/** A continue after these would undo them, or is pointless. */
const NOT_CONTINUED = new Set(['SIGKILL', 'SIGSTOP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGCONT']);

/**
 * Sends `signal` once to every process of the tree, then SIGCONT: on a stopped process the signal would stay pending.
 * @returns the pids that took it (the leader's stands for its group); `gone`: no process was left.
 */
export function signalTree(
  target: TreeTarget,
  signal: string,
  members: readonly TreeMember[],
): { signalled: number[]; gone: boolean } {
  const { pid } = target.incarnation;
  const { maySignalPid = () => true } = target;
  const mayReachLeader = maySignal(pid) && maySignalPid(pid) && (target.isOurChild || isAlive(target.incarnation));
  const asGroup = target.maySignalPid === undefined && leadsGroup(target);
  const deliveries = new Map<number, Delivery>();
  if (mayReachLeader) deliveries.set(pid, deliver(asGroup ? -pid : pid, signal));
  const group = asGroup && deliveries.get(pid) === 'sent' ? pid : null;
  for (const member of members) {
    if (member.pid === group) continue; // the signal may have ended it by now
    const delivery = maySignalPid(member.pid) ? signalMember(member, group, signal) : 'denied';
    if (delivery !== 'in group') deliveries.set(member.pid, delivery);
  }
  const signalled = [...deliveries].filter(([, delivery]) => delivery === 'sent').map(([member]) => member);
  return { signalled, gone: [...deliveries.values()].every((delivery) => delivery === 'gone') };
}

/** Sends `signal` to the leader alone; it ends its children itself. @returns whether the leader took it. */
export function signalMain({ incarnation, isOurChild }: TreeTarget, signal: string): boolean {
  const { pid } = incarnation;
  return maySignal(pid) && (isOurChild || isAlive(incarnation)) && deliver(pid, signal) === 'sent';
}

/**
 * Sends `signal` to the children of the leader and to no other process: for a leader that only waits for its one child. Without
 * /proc, the whole group gets it.
 * @returns false: the leader lives and has no child yet
 */
export function signalChildren(target: TreeTarget, signal: string): boolean {
  const { incarnation } = target;
  if (!target.isOurChild && !isAlive(incarnation)) return true;
  if (!hasProc) return signalTree(target, signal, []).signalled.length > 0;
  const children = childrenOf(incarnation.pid).map(readStat);
  return children.filter((child) => child !== null && signalMember(child, null, signal) === 'sent').length > 0;
}

/** As `signalTree` for members outside the leader's group: when the group had its signal before the sweep was done. */
export function signalOutsideGroup(
  target: TreeTarget,
  signal: string,
  members: readonly TreeMember[],
): { signalled: number[] } {
  const { pid } = target.incarnation;
  return { signalled: members.filter((member) => signalMember(member, pid, signal) === 'sent').map(({ pid }) => pid) };
}

/**
 * SIGKILL to the whole tree, repeated until a sweep finds nothing of it, or until the deadline.
 * @returns the processes that still live then: in uninterruptible sleep, or not ours to signal (setuid, `maySignalPid`)
 */
export async function killTree(
  target: TreeTarget,
  options: { withinMs: number },
): Promise<{ survivors: TreeMember[] }> {
  const { incarnation } = target;
  const deadlineMs = performance.now() + options.withinMs;
  if (target.maySignalPid === undefined) {
    if (!hasProc && (target.isOurChild || isAlive(incarnation))) await killTreeByTool(incarnation.pid);
    killCgroup(incarnation.nonce);
  }
  signalTree(target, 'SIGKILL', []);
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const members = await sweepTree(incarnation);
    if (members.length === 0) return { survivors: [] };
    if (performance.now() >= deadlineMs) return { survivors: members };
    // By now the leader may have been reaped: only a fresh identity check counts.
    signalTree({ ...target, isOurChild: false }, 'SIGKILL', members);
    await sleep(pauseMs);
  }
}

/** Whether the group has no live process. Zombies are not alive, though the kernel still counts them. */
export function groupIsEmpty(pgid: number): boolean {
  if (pgid <= 1) return false;
  try {
    process.kill(-pgid, 0);
  } catch (error) {
    return errnoOf(error) === 'ESRCH'; // EPERM: a process of another user is there
  }
  return hasProc && !listPids().some((pid) => isLiveInGroup(pid, pgid));
}

function isLiveInGroup(pid: number, pgid: number): boolean {
  const stat = readStat(pid);
  return stat !== null && stat.pgid === pgid && !isDeadState(stat.state);
}

/**
 * Signals one process if it is still the one that was seen.
 * @param group a process group that has had the signal; `in group`: a second one might mean something else to a member
 */
export function signalMember(
  member: { pid: number; startTime: string },
  group: number | null,
  signal: string,
): Delivery | 'in group' {
  if (!maySignal(member.pid)) return 'denied';
  const stat = liveStat(member.pid);
  if (stat === null || stat.startTime !== member.startTime) return 'gone';
  return stat.pgid === group ? 'in group' : deliver(member.pid, signal);
}

/** Never init, never ourselves, never the group we live in. */
function maySignal(pid: number): boolean {
  return Number.isInteger(pid) && pid > 1 && pid !== process.pid && pid !== ownGroup();
}

/** Our own children lead their group; an adopted process may live in the group of the program that started it. */
function leadsGroup({ incarnation: { pid }, isOurChild }: TreeTarget): boolean {
  return platform !== 'win32' && (isOurChild || !hasProc || readStat(pid)?.pgid === pid);
}

let cachedGroup: number | null = null;
function ownGroup(): number {
  cachedGroup ??= liveStat(process.pid)?.pgid ?? process.pid;
  return cachedGroup;
}

/** @param to a pid, or a process group as its negative */
function deliver(to: number, signal: string): Delivery {
  const delivery = send(to, signal);
  // Ignore ESRCH: the signal may have ended it.
  if (delivery === 'sent' && !NOT_CONTINUED.has(signal) && platform !== 'win32') send(to, 'SIGCONT');
  return delivery;
}

function send(to: number, signal: string): Delivery {
  try {
    process.kill(to, signal);
    return 'sent';
  } catch (error) {
    return errnoOf(error) === 'ESRCH' ? 'gone' : 'denied';
  }
}

/**
 * Ends a process tree by parent links, for systems without /proc: reparented processes are missed. On macOS and the BSDs the
 * sweep by `ps -E` finds those; on Windows this is all there is. The next sweep tells whether anything survived.
 */
async function killTreeByTool(pid: number): Promise<void> {
  if (platform === 'win32') {
    await outputOf('taskkill', ['/PID', String(pid), '/T', '/F']);
    return;
  }
  const listing = await outputOf('ps', ['-A', '-o', 'pid=,ppid=']);
  for (const member of treeInListing(pid, listing)) send(member, 'SIGKILL');
}

/** @param listing a line `pid ppid` for each process; @returns the pid and its descendants, parents first */
export function treeInListing(root: number, listing: string): number[] {
  const links = listing.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  const tree = new Set([root]);
  for (const parent of tree) for (const [pid = 0, ppid] of links) if (ppid === parent && pid > 1) tree.add(pid);
  return [...tree];
}

/** Of a tool that fails: what it printed before. It fails where the process has gone meanwhile, which is the aim. */
function outputOf(file: string, args: string[]): Promise<string> {
  return new Promise((resolve) => execFile(file, args, { windowsHide: true }, (_error, stdout) => resolve(stdout)));
}
