// Between the performer and the registry of singletons: claims a key before a start, tells who took it afterwards.
import type { ProjectPaths } from '../api/paths.ts';
import type { Incarnation, InstanceId, ServiceSpec, SingletonPolicy } from '../core/model.ts';

export type HeldLease = { commit(incarnation: Incarnation): Promise<void>; abandon(): void; release(): void };
export type Claim =
  | { outcome: 'claimed'; lease: HeldLease }
  | { outcome: 'refused'; by: string }
  | { outcome: 'abandoned' };

export async function claimFor(
  _spec: ServiceSpec,
  _id: InstanceId,
  _nonce: string,
  _paths: ProjectPaths,
  _signal: AbortSignal,
): Promise<Claim> {
  return {
    outcome: 'claimed',
    lease: { commit: async () => undefined, abandon: () => undefined, release: () => undefined },
  };
}

export async function lostTo(
  _policy: SingletonPolicy,
  _process: Incarnation,
  _paths: ProjectPaths,
): Promise<string | null> {
  return null;
}
