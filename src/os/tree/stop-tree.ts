// Ends a whole tree: the stop signal, the grace period, then SIGKILL until nothing is left. For trees that no kernel
// slot looks after, such as the older holder of a singleton.
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../process/identity.ts';
import { isDeadState, listPids, type ProcStat, readStat } from '../process/proc-stat.ts';
import { killTree, signalMember, signalTree, type TreeTarget } from './signal.ts';
import { sweepByNonce, type TreeMember } from './sweep.ts';

/** After SIGKILL; whoever lives on then sleeps uninterruptibly. */
const KILL_WITHIN_MS = 5_000;
const POLL_MS = 20;

/** Resolves when the tree is empty, or with those that could not be ended, or with who lives when it was aborted. */
export async function stopTree(
  target: TreeTarget,
  policy: { signal: string; graceMs: number; abort?: AbortSignal | undefined },
): Promise<{ survivors: TreeMember[] }> {
  const deadlineMs = performance.now() + policy.graceMs;
  signalTree(target, policy.signal, await membersOf(target));
  while (performance.now() < deadlineMs) {
    // A look at the leader costs 30 µs, a sweep several ms: sweep only once the leader has gone.
    if (!isAlive(target.incarnation) && (await membersOf(target)).length === 0) return { survivors: [] };
    if (policy.abort?.aborted) return { survivors: await membersOf(target) };
    await sleep(POLL_MS);
  }
  return await killTree(target, { withinMs: KILL_WITHIN_MS });
}

async function membersOf({ incarnation }: TreeTarget): Promise<TreeMember[]> {
  const swept = await sweepByNonce([incarnation.nonce], new Map([[incarnation.nonce, incarnation]]));
  return swept.get(incarnation.nonce) ?? [];
}

// The tree of a process that we did not start: its descendants by parent links, and its group and session where it
// leads them. Every signal goes to a pid only after a look at its start time.

type Descendant = { pid: number; startTime: string };

const DESCENDANTS_POLL_MS = 20;
/** After SIGKILL; whoever lives on then sleeps uninterruptibly, or is not ours to signal. */
const DESCENDANTS_KILL_MS = 5_000;

/**
 * Stops the process and all that descends from it: the signal, the grace period, SIGKILL until nothing is left.
 * A descendant that was reparented before we looked, in a session of its own, cannot be known for one.
 */
export async function stopDescendants(
  root: Descendant,
  policy: { signal: string; graceMs: number; abort?: AbortSignal | undefined },
): Promise<{ survivors: Descendant[] }> {
  const known = new Map<number, Descendant>([[root.pid, root]]);
  const living = () => liveDescendants(root, known);
  for (const relative of living()) signalMember(relative, null, policy.signal);
  if (await isEmptyWithin(living, policy.graceMs, () => undefined, policy.abort)) return { survivors: [] };
  if (policy.abort?.aborted) return { survivors: living() };
  const kill = (relatives: Descendant[]) =>
    relatives.forEach((relative) => void signalMember(relative, null, 'SIGKILL'));
  await isEmptyWithin(living, DESCENDANTS_KILL_MS, kill);
  return { survivors: living() };
}

async function isEmptyWithin(
  living: () => Descendant[],
  withinMs: number,
  act: (relatives: Descendant[]) => void,
  abort?: AbortSignal,
): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const relatives = living();
    if (relatives.length === 0) return true;
    act(relatives);
    if (abort?.aborted || performance.now() >= deadlineMs) return false;
    await sleep(DESCENDANTS_POLL_MS);
  }
}

/** Adds who was born meanwhile to `known`; returns those of them that live. */
function liveDescendants(root: Descendant, known: Map<number, Descendant>): Descendant[] {
  const stats = listPids()
    .map(readStat)
    .filter((stat) => stat !== null);
  const now = new Map(stats.map((stat) => [stat.pid, stat]));
  // A pid that belongs to somebody else by now leads to strangers.
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
