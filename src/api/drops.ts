// Whose lines a log queue has lost, in a few words.
import type { LogQueueStatus } from './protocol.ts';

const NAMED = 3;

/** `flood.1 1200, api.2 40, 5 more`: the greatest losses first; empty where nothing was lost. */
export function losersOf({ droppedByInstance = {} }: Pick<LogQueueStatus, 'droppedByInstance'>): string {
  const losers = Object.entries(droppedByInstance).sort(([, a], [, b]) => b - a);
  const named = losers.slice(0, NAMED).map(([instance, lines]) => `${instance} ${lines}`);
  const rest = losers.length - named.length;
  return [...named, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
}
