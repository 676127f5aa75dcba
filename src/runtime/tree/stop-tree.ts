// Ends a whole tree: the stop signal, the grace period, then SIGKILL until nothing is left. For trees that no kernel
// slot looks after, such as the older holder of a singleton.
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from './identity.ts';
import { killTree, signalTree, type TreeTarget } from './signal.ts';
import { sweepByNonce, type TreeMember } from './sweep.ts';

/** After SIGKILL; whoever lives on then sleeps uninterruptibly. */
const KILL_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 20;

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
    await sleep(LOOK_EVERY_MS);
  }
  return await killTree(target, { withinMs: KILL_WITHIN_MS });
}

async function membersOf({ incarnation }: TreeTarget): Promise<TreeMember[]> {
  const swept = await sweepByNonce([incarnation.nonce], new Map([[incarnation.nonce, incarnation]]));
  return swept.get(incarnation.nonce) ?? [];
}
