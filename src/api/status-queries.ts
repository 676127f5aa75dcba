// Whose lines a log queue has lost, in a few words.
import type { LogQueueStatus, Status } from './protocol.ts';

const MAX_LISTED = 3;

/** `flood.1 1200, api.2 40, 5 more`: the greatest losses first; empty where nothing was lost. */
export function formatDroppedByInstance({ droppedByInstance = {} }: Pick<LogQueueStatus, 'droppedByInstance'>): string {
  const losers = Object.entries(droppedByInstance).sort(([, a], [, b]) => b - a);
  const named = losers.slice(0, MAX_LISTED).map(([instance, lines]) => `${instance} ${lines}`);
  const rest = losers.length - named.length;
  return [...named, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
}

// How a view tells a supervisor that was asked to end from one that was lost.

/**
 * That nothing lives proves nothing: there are schedules and back-offs. It must have been said as well.
 *
 * @param last what was heard of it last; null: nothing
 * @param isGoingDown whether it has said so (`going_down`)
 */
export function hasShutDownCleanly(last: Status | null, isGoingDown: boolean): boolean {
  if (!isGoingDown || last === null) return false;
  return last.services.every(({ instances }) => instances.every(({ pid }) => pid === null));
}
