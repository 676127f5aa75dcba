// The tree of a process that we did not start: its descendants by parent links, and its group and session where it
// leads them. Every signal goes to a pid only after a look at its start time.
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeadState, listPids, type ProcStat, readStat } from './proc-stat.ts';
import { signalMember } from './signal.ts';

export type Relative = { pid: number; startTime: string };

const LOOK_EVERY_MS = 20;
/** After SIGKILL; whoever lives on then sleeps uninterruptibly, or is not ours to signal. */
const KILL_WITHIN_MS = 5_000;

/**
 * Stops the process and all that descends from it: the signal, the grace period, SIGKILL until nothing is left.
 * A descendant that was reparented before we looked, in a session of its own, cannot be known for one.
 */
export async function stopLineage(
  root: Relative,
  policy: { signal: string; graceMs: number; abort?: AbortSignal | undefined },
): Promise<{ survivors: Relative[] }> {
  const known = new Map<number, Relative>([[root.pid, root]]);
  const living = () => livingOf(root, known);
  for (const relative of living()) signalMember(relative, null, policy.signal);
  if (await isEmptyWithin(living, policy.graceMs, () => undefined, policy.abort)) return { survivors: [] };
  if (policy.abort?.aborted) return { survivors: living() };
  const kill = (relatives: Relative[]) => relatives.forEach((relative) => void signalMember(relative, null, 'SIGKILL'));
  await isEmptyWithin(living, KILL_WITHIN_MS, kill);
  return { survivors: living() };
}

async function isEmptyWithin(
  living: () => Relative[],
  withinMs: number,
  act: (relatives: Relative[]) => void,
  abort?: AbortSignal,
): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const relatives = living();
    if (relatives.length === 0) return true;
    act(relatives);
    if (abort?.aborted || performance.now() >= deadlineMs) return false;
    await sleep(LOOK_EVERY_MS);
  }
}

/** Adds who was born meanwhile to `known`; returns those of them that live. */
function livingOf(root: Relative, known: Map<number, Relative>): Relative[] {
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
    for (const stat of stats) if (isRelated(stat, root, rootLives, known)) known.set(stat.pid, stat);
  }
  return [...known.values()].filter(({ pid }) => now.has(pid) && !isDeadState(now.get(pid)?.state ?? 'X'));
}

function isRelated(stat: ProcStat, root: Relative, rootLives: boolean, known: Map<number, Relative>): boolean {
  if (known.has(stat.pid) || stat.pid <= 1 || stat.pid === process.pid) return false;
  if (stat.ppid > 1 && known.has(stat.ppid)) return true;
  return rootLives && (stat.session === root.pid || stat.pgid === root.pid);
}
