// Sends signals to the tree of one instance, and only to it: to the leader's group while the leader is proven to be
// ours, to every swept member after a fresh look at its start time. Keeps no state.

import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Incarnation } from '../../core/model.ts';
import { killCgroup } from '../cgroup/cgroup.ts';
import { errnoOf } from '../errors.ts';
import { hasProc, type Platform, platform } from '../platform.ts';
import { isAlive, liveStat } from '../process/identity.ts';
import { isDeadState, listPids, readStat } from '../process/proc-stat.ts';
import { sweepByNonce, type TreeMember } from './sweep.ts';

export type TreeTarget = {
  incarnation: Incarnation;
  /** It is our direct child and its exit has not been reported: the kernel keeps its pid for us. */
  ourChild: boolean;
  /**
   * Asked before each signal; the nonce alone does not prove that a process is the tree's where somebody else named it.
   * Then nothing is signalled but pid by pid. Left out: the nonce is proof.
   */
  mayTouch?: (pid: number) => boolean;
};

type Delivery = 'sent' | 'gone' | 'denied';

/** Between two rounds of killTree; grows, because what is slow to die needs no hurry. */
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 100;
/** A continue after these would undo them, or is pointless. */
const NOT_CONTINUED = new Set(['SIGKILL', 'SIGSTOP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGCONT']);

/**
 * Sends `signal` once to everybody in the tree, then SIGCONT: on a stopped process the signal would stay pending.
 * @returns the pids that took it (the leader's stands for its group); `gone`: there was nobody left.
 */
export function signalTree(
  target: TreeTarget,
  signal: string,
  members: readonly TreeMember[],
): { signalled: number[]; gone: boolean } {
  const { pid } = target.incarnation;
  const { mayTouch = () => true } = target;
  const leads = maySignal(pid) && mayTouch(pid) && (target.ourChild || isAlive(target.incarnation));
  const asGroup = target.mayTouch === undefined && leadsGroup(target);
  const deliveries = new Map<number, Delivery>();
  if (leads) deliveries.set(pid, deliver(asGroup ? -pid : pid, signal));
  const group = asGroup && deliveries.get(pid) === 'sent' ? pid : null;
  for (const member of members) {
    if (member.pid === group) continue; // it may be dead of the signal by now
    const delivery = mayTouch(member.pid) ? signalMember(member, group, signal) : 'denied';
    if (delivery !== 'in group') deliveries.set(member.pid, delivery);
  }
  const signalled = [...deliveries].filter(([, delivery]) => delivery === 'sent').map(([member]) => member);
  return { signalled, gone: [...deliveries.values()].every((delivery) => delivery === 'gone') };
}

/** Sends `signal` to the leader alone; it has children of its own that it ends itself. @returns whether it took it. */
export function signalMain({ incarnation, ourChild }: TreeTarget, signal: string): boolean {
  const { pid } = incarnation;
  return maySignal(pid) && (ourChild || isAlive(incarnation)) && deliver(pid, signal) === 'sent';
}

/**
 * As `signalTree` for those that are not in the leader's group: when the group had its signal before the sweep was done.
 */
export function signalOutsideGroup(
  target: TreeTarget,
  signal: string,
  members: readonly TreeMember[],
): { signalled: number[] } {
  const { pid } = target.incarnation;
  return { signalled: members.filter((member) => signalMember(member, pid, signal) === 'sent').map(({ pid }) => pid) };
}

/**
 * SIGKILL to the whole tree, again and again until a sweep finds nothing of it, or until the deadline.
 * @returns what still lives then: in uninterruptible sleep, or not ours to signal (setuid, `mayTouch`)
 */
export async function killTree(
  target: TreeTarget,
  options: { withinMs: number },
): Promise<{ survivors: TreeMember[] }> {
  const { incarnation } = target;
  const deadlineMs = performance.now() + options.withinMs;
  if (target.mayTouch === undefined) {
    if (!hasProc && (target.ourChild || isAlive(incarnation))) await killTreeByTool(incarnation.pid, platform);
    killCgroup(incarnation.nonce);
  }
  signalTree(target, 'SIGKILL', []);
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const swept = await sweepByNonce([incarnation.nonce], new Map([[incarnation.nonce, incarnation]]));
    const members = swept.get(incarnation.nonce) ?? [];
    if (members.length === 0) return { survivors: [] };
    if (performance.now() >= deadlineMs) return { survivors: members };
    // By now the leader may have been reaped: only a fresh identity check counts.
    signalTree({ ...target, ourChild: false }, 'SIGKILL', members);
    await sleep(pauseMs);
  }
}

/** No live process is left in the group. Zombies are not alive, though the kernel still counts them. */
export function groupIsEmpty(pgid: number): boolean {
  if (pgid <= 1) return false;
  try {
    process.kill(-pgid, 0);
  } catch (error) {
    return errnoOf(error) === 'ESRCH'; // EPERM: somebody is there
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

/** Our own children do; an adopted process may live in the group of whatever started it. */
function leadsGroup({ incarnation: { pid }, ourChild }: TreeTarget): boolean {
  return platform !== 'win32' && (ourChild || !hasProc || readStat(pid)?.pgid === pid);
}

let cachedGroup: number | null = null;
function ownGroup(): number {
  cachedGroup ??= liveStat(process.pid)?.pgid ?? process.pid;
  return cachedGroup;
}

/** @param to a pid, or a process group as its negative */
function deliver(to: number, signal: string): Delivery {
  const delivery = send(to, signal);
  // It may have died of the signal by now, which is no news.
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

// Ends a process tree where there is no /proc to sweep: by parent links, which lose what was reparented.
// On macOS the nonce sweep by `ps -E` comes on top; on Windows this is all there is.

/** The command that ends the tree of a pid, or null where tree-kill (by `ps` or `pgrep`) does it. */
export function treeKillCommand(pid: number, platform: Platform): { file: string; args: string[] } | null {
  if (platform !== 'win32') return null;
  return { file: 'taskkill', args: ['/PID', String(pid), '/T', '/F'] };
}

/** Resolves when the tool has ended; whether anything survived is for the next look at the processes to say. */
async function killTreeByTool(pid: number, platform: Platform): Promise<void> {
  const command = treeKillCommand(pid, platform);
  if (command !== null) return await runQuietly(command.file, command.args);
  const { default: treeKill } = await import('tree-kill');
  await new Promise<void>((resolve) => treeKill(pid, 'SIGKILL', () => resolve()));
}

/** Fails when the process has gone meanwhile, which is what was wanted. */
function runQuietly(file: string, args: string[]): Promise<void> {
  return new Promise((resolve) => execFile(file, args, { windowsHide: true }, () => resolve()));
}
