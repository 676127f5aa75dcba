// Ends processes of the project that belong to no slot any more: what escaped its instance, what an earlier supervisor
// left. Found by their nonce, so never a stranger's.
import { setTimeout as sleep } from 'node:timers/promises';
import { isPressure } from '../../runtime/spare-file.ts';
import { bootId } from '../../runtime/tree/identity.ts';
import { killTree } from '../../runtime/tree/signal.ts';
import { findProject } from '../../runtime/tree/sweep.ts';

export type Leftover = { pid: number; instance: string };

const KILL_WITHIN_MS = 2_000;
const LOOK_AGAIN_MS = 50;

/** @returns what could not be ended; empty when nothing of the project lives. */
export async function endStrays(noncePrefix: string): Promise<Leftover[]> {
  for (;;) {
    try {
      return await endFound(noncePrefix);
    } catch (error) {
      // Without a descriptor nobody can say that nothing is left.
      if (!isPressure(error)) throw error;
      await sleep(LOOK_AGAIN_MS);
    }
  }
}

async function endFound(noncePrefix: string): Promise<Leftover[]> {
  const leftovers = new Map<number, Leftover>();
  for (const { pid, startTime, nonce, environment } of await findProject(noncePrefix)) {
    const incarnation = { pid, startTime, bootId: bootId(), nonce: nonce ?? '' };
    const { survivors } = await killTree({ incarnation, ourChild: false }, { withinMs: KILL_WITHIN_MS });
    const instance = environment.ORCH_INSTANCE_ID ?? '?';
    for (const survivor of survivors) leftovers.set(survivor.pid, { pid: survivor.pid, instance });
  }
  return [...leftovers.values()];
}
