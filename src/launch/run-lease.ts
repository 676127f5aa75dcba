// The singleton key for a program that runs outside its pool (`orch run`): claimed like that of an instance, but never by
// ending the holder.
import { randomBytes } from 'node:crypto';
import type { Incarnation } from '../core/slot.ts';
import type { ServiceSpec } from '../core/spec.ts';
import { ensureStateDir } from '../os/private-dir.ts';
import { identify } from '../os/process/identity.ts';
import { claimSingleton } from '../os/singleton/claim-singleton.ts';
import { claimOf } from './singleton-claim.ts';

export type RunLease = {
  /** For the program's ORCH_NONCE: by it, a supervisor that takes the key over finds the whole tree. */
  nonce: string;
  /** The program runs: it holds the key. */
  commit(pid: number): Promise<void>;
  /** It has ended, or was not started. */
  release(): void;
};

type StatePlace = Parameters<typeof ensureStateDir>[0] & { root: string };

/**
 * @param spec of a singleton
 * @returns a sentence that names the holder, where there is one
 * @throws UnsafeDirectoryError
 */
export async function claimForRun(spec: ServiceSpec, paths: StatePlace): Promise<RunLease | { heldBy: string }> {
  const policy = spec.singleton!;
  // No supervisor may have been here yet.
  if (policy.scope === 'project') ensureStateDir(paths);
  const nonce = `run.${spec.specHash}.${randomBytes(9).toString('base64url')}`;
  const owner = { projectRoot: paths.root, stateDir: paths.stateDir, instance: `\`orch run ${spec.name}\``, nonce };
  const result = await claimSingleton({ ...claimOf(spec, policy, owner), onConflict: 'refuse' });
  if (!result.ok) return { heldBy: result.reason };
  if (!('lease' in result)) throw new Error('a refused claim adopts no process');
  const { lease } = result;
  let holder: Incarnation | null = null;
  return {
    nonce,
    commit: async (pid) => {
      holder = identify(pid, nonce);
      if (holder) await lease.commit(holder);
    },
    release: () => (holder ? lease.release() : lease.abandon()),
  };
}
