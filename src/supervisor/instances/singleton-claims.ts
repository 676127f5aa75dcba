// Claims the singleton key before a start, and checks after an exit whether another instance took the key.

import { setTimeout as delay } from 'node:timers/promises';
import type { ProjectPaths } from '../../api/paths.ts';
import type { Incarnation } from '../../core/slot.ts';
import type { InstanceId, ServiceSpec, SingletonPolicy } from '../../core/spec.ts';
import { claimOf } from '../../launch/singleton-claim.ts';
import { claimSingleton, type Lease, readHolderAndClaim } from '../../os/singleton/claim-singleton.ts';

export type ClaimOutcome =
  | { outcome: 'claimed'; lease: Lease }
  /** By policy, or because the older holder cannot be ended; `by`: a clause that names the holder. */
  | { outcome: 'refused'; by: string }
  | { outcome: 'abandoned' }
  /** Under `adopt`: this process is adopted as it is. */
  | { outcome: 'adopt'; process: Incarnation };

export type SingletonClaimRequest = {
  spec: ServiceSpec;
  policy: SingletonPolicy;
  id: InstanceId;
  nonce: string;
  paths: Pick<ProjectPaths, 'root' | 'stateDir'>;
};

/** Under `wait`, the pause between attempts. */
const WAIT_RETRY_MS = 500;

/**
 * @param signal aborts the claim: the start is given up
 * @param onWait called before each pause, with a clause that names the holder of the key
 */
export async function claimKey(
  request: SingletonClaimRequest,
  signal: AbortSignal,
  onWait: (because: string) => void,
): Promise<ClaimOutcome> {
  for (;;) {
    const result = await claimOnce(request, signal);
    if (result.ok) {
      return 'lease' in result
        ? { outcome: 'claimed', lease: result.lease }
        : { outcome: 'adopt', process: result.adopt };
    }
    if (result.code === 'aborted' || signal.aborted) return { outcome: 'abandoned' };
    if (result.code === 'refused' || result.code === 'not-stopped') return { outcome: 'refused', by: result.reason };
    onWait(result.reason);
    await delay(WAIT_RETRY_MS, undefined, { signal }).catch(() => undefined); // aborted: the next round sees it
  }
}

function claimOnce({ spec, policy, id, nonce, paths }: SingletonClaimRequest, abort: AbortSignal) {
  const owner = { projectRoot: paths.root, stateDir: paths.stateDir, instance: id, nonce };
  return claimSingleton({ ...claimOf(spec, policy, owner), abort });
}

/**
 * Checks the key of an instance that has just ended.
 *
 * @returns a clause when another instance holds or claims the key: the ended one must not be started again.
 */
export function singletonTakenBy({ key, scope }: SingletonPolicy, ended: Incarnation, stateDir: string): string | null {
  const { holder, claim } = readHolderAndClaim(key, scope, stateDir);
  for (const record of [claim, holder]) {
    if (record && record.process.nonce !== ended.nonce) {
      return `singleton "${key}" was taken over by ${record.instance} of ${record.projectRoot}`;
    }
  }
  return null;
}
