// How a view tells a supervisor that was asked to end from one that was lost.
import type { Status } from './protocol.ts';

/**
 * That nothing lives proves nothing: there are schedules and back-offs. It must have been said as well.
 *
 * @param last what was heard of it last; null: nothing
 * @param isGoingDown whether it has said so (`going_down`)
 */
export function hasEndedInOrder(last: Status | null, isGoingDown: boolean): boolean {
  if (!isGoingDown || last === null) return false;
  return last.services.every(({ instances }) => instances.every(({ pid }) => pid === null));
}
