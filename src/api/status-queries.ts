// What views of a status have in common: convergence and lost lines as text, and how the project ended.
import type { LogQueueStatus, Status } from './protocol.ts';

const MAX_LISTED = 3;

/** `flood.1 1200, api.2 40, 5 more`: the greatest losses first; empty if nothing was lost. */
export function formatDroppedByInstance({ droppedByInstance = {} }: Pick<LogQueueStatus, 'droppedByInstance'>): string {
  const losses = Object.entries(droppedByInstance).sort(([, a], [, b]) => b - a);
  const named = losses.slice(0, MAX_LISTED).map(([instance, lines]) => `${instance} ${lines}`);
  const rest = losses.length - named.length;
  return [...named, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
}

/** `converged`, `converging`, or `degraded: web.1, db.1, 2 more`. */
export function convergenceOf({ converged, degraded = [] }: Pick<Status, 'converged' | 'degraded'>): string {
  if (degraded.length === 0) return converged ? 'converged' : 'converging';
  const named = degraded.slice(0, MAX_LISTED).map(({ instance }) => instance);
  const rest = degraded.length - named.length;
  return `degraded: ${[...named, ...(rest > 0 ? [`${rest} more`] : [])].join(', ')}`;
}

/**
 * Distinguishes a supervisor that was asked to go down from one that was lost. Zero live processes are not enough: an
 * instance may wait for its schedule or backoff.
 * @param last the last status; null: none was received
 * @param isGoingDown whether the event `going_down` was received
 */
export function hasShutDownCleanly(last: Status | null, isGoingDown: boolean): boolean {
  if (!isGoingDown || last === null) return false;
  return last.services.every(({ instances }) => instances.every(({ pid }) => pid === null));
}
