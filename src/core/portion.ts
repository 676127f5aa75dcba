// A number of instances out of a share of a pool. Pure.
import type { Portion, RolloutPolicy } from './model.ts';

/** How many of `pool` may be missing and how many may be there on top. Never none of both: something must be able to move. */
export function limitsOf(
  { maxUnavailable, maxSurge }: RolloutPolicy,
  pool: number,
): { missing: number; extra: number } {
  const extra = portionOf(maxSurge, pool, Math.ceil);
  const missing = portionOf(maxUnavailable, pool, Math.floor);
  return { missing: Math.min(pool, extra === 0 ? Math.max(1, missing) : missing), extra };
}

function portionOf(portion: Portion, pool: number, round: (value: number) => number): number {
  return portion.kind === 'count' ? portion.count : round((pool * portion.percent) / 100);
}
