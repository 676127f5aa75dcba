// Ends a whole tree: the stop signal to the main process, then to what it leaves, SIGKILL after the grace period until nothing
// is left. For trees that no kernel slot owns, such as the older holder of a singleton.
import { setTimeout as sleep } from 'node:timers/promises';
import { hasProc } from '../platform.ts';
import { isAlive } from '../process/identity.ts';
import { isDeadState, listPids, type ProcStat, readProcText, readStat } from '../process/proc-stat.ts';
import type { TreeMember } from './process-scan.ts';
import { killTree, signalChildren, signalMain, signalMember, signalTree, type TreeTarget } from './signal.ts';
import { sweepTree } from './sweep.ts';

export type TreeStopPolicy = { signal: string; graceMs: number; abort?: AbortSignal | undefined };

const POLL_MS = 20;
/** After SIGKILL; a process that lives longer sleeps uninterruptibly, or is not ours to signal. */
const KILL_WITHIN_MS = 5_000;

/** @returns the live processes of the tree: none, or those that SIGKILL did not end, or all of them when it was aborted */
export async function stopTree(target: TreeTarget, policy: TreeStopPolicy): Promise<{ survivors: TreeMember[] }> {
  const deadlineMs = performance.now() + policy.graceMs;
  let isRestSignalled = !signalMainFirst(target, policy.signal);
  if (isRestSignalled) signalTree(target, policy.signal, await sweepTree(target.incarnation));
  while (performance.now() < deadlineMs) {
    // Reading the leader's start time takes 30 µs, a sweep several ms: sweep only once the leader has gone.
    if (!isAlive(target.incarnation)) {
      const rest = await sweepTree(target.incarnation);
      if (rest.length === 0) return { survivors: [] };
      if (!isRestSignalled) signalTree(target, policy.signal, rest);
      isRestSignalled = true;
    }
    if (policy.abort?.aborted) return { survivors: await sweepTree(target.incarnation) };
    await sleep(POLL_MS);
  }
  return await killTree(target, { withinMs: KILL_WITHIN_MS });
}

/** @returns false: the main process is gone, or cannot be told from its tree. */
function signalMainFirst(target: TreeTarget, signal: string): boolean {
  const { pid, nonce } = target.incarnation;
  if (!hasProc || target.maySignalPid?.(pid) === false) return false;
  // The shell that records the exit (`exit_record`) ignores the signal; the main program is its child.
  const isBehindRecorder = readProcText(`/proc/${pid}/cmdline`).includes(`/exits/${nonce}\0`);
  return isAlive(target.incarnation) && (isBehindRecorder ? signalChildren : signalMain)(target, signal);
}

type Descendant = { pid: number; startTime: string };

/**
 * Stops a process that we did not start, and its tree: its descendants by parent links, and its group and session where
 * it leads them. Each signal goes to a pid only after its start time is read. A descendant that was reparented before we
 * looked, and has a session of its own, cannot be recognised.
 */
export async function stopDescendants(root: Descendant, policy: TreeStopPolicy): Promise<{ survivors: Descendant[] }> {
  const known = new Map<number, Descendant>([[root.pid, root]]);
  const living = () => liveDescendants(root, known);
  for (const member of living()) signalMember(member, null, policy.signal);
  if (await isEmptyWithin(living, policy.graceMs, () => undefined, policy.abort)) return { survivors: [] };
  if (policy.abort?.aborted) return { survivors: living() };
  await isEmptyWithin(living, KILL_WITHIN_MS, (members) => {
    for (const member of members) signalMember(member, null, 'SIGKILL');
  });
  return { survivors: living() };
}

async function isEmptyWithin(
  living: () => Descendant[],
  withinMs: number,
  act: (members: Descendant[]) => void,
  abort?: AbortSignal,
): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const members = living();
    if (members.length === 0) return true;
    act(members);
    if (abort?.aborted || performance.now() >= deadlineMs) return false;
    await sleep(POLL_MS);
  }
}

/** Adds newly born descendants to `known`. @returns those of `known` that live */
function liveDescendants(root: Descendant, known: Map<number, Descendant>): Descendant[] {
  const stats = listPids()
    .map(readStat)
    .filter((stat) => stat !== null);
  const now = new Map(stats.map((stat) => [stat.pid, stat]));
  // A pid that another process has by now would lead to unrelated processes.
  for (const { pid, startTime } of [...known.values()]) {
    if (now.has(pid) && now.get(pid)?.startTime !== startTime) known.delete(pid);
  }
  const rootLives = now.get(root.pid)?.startTime === root.startTime;
  for (let size = -1; size !== known.size; ) {
    size = known.size;
    for (const stat of stats) if (isDescendantOf(stat, root, rootLives, known)) known.set(stat.pid, stat);
  }
  return [...known.values()].filter(({ pid }) => now.has(pid) && !isDeadState(now.get(pid)?.state ?? 'X'));
}

function isDescendantOf(stat: ProcStat, root: Descendant, rootLives: boolean, known: Map<number, Descendant>): boolean {
  if (known.has(stat.pid) || stat.pid <= 1 || stat.pid === process.pid) return false;
  if (stat.ppid > 1 && known.has(stat.ppid)) return true;
  return rootLives && (stat.session === root.pid || stat.pgid === root.pid);
}
