// What the reconciler asks for, and in which order it is carried out. Pure.
import type { EndCause } from './slot.ts';
import type { InstanceId, ServiceSpec } from './spec.ts';

/** What the reconciler wants done now. Imperative; idempotent by level: the next pass asks again if it did not happen. */
export type InstanceAction =
  | { kind: 'start'; id: InstanceId; spec: ServiceSpec; reason: string }
  /** Begin to stop: drain, or else the stop command or signal. */
  | { kind: 'stop'; id: InstanceId; cause: EndCause; reason: string }
  /** The drain is over: the stop command or signal. */
  | { kind: 'term'; id: InstanceId; reason: string }
  /** The next signal of `stop.escalate`. */
  | { kind: 'escalate'; id: InstanceId; signal: string }
  /** The grace period is over: SIGKILL to the whole tree, sweep included. */
  | { kind: 'kill'; id: InstanceId; reason: string }
  /** Check whether anything of the tree is left. */
  | { kind: 'clear'; id: InstanceId }
  /** It was rolled back to a version in which it had ended already: it returns to that. */
  | { kind: 'return'; id: InstanceId }
  /** Give up a start that has not led to a process yet (it waits for a singleton, or its hook runs). */
  | { kind: 'abandon'; id: InstanceId }
  /** The slot is empty and not wanted: drop it. */
  | { kind: 'forget'; id: InstanceId };

const ACTION_ORDER: Record<InstanceAction['kind'], number> = {
  kill: 0,
  escalate: 1,
  term: 2,
  stop: 3,
  clear: 4,
  return: 5,
  abandon: 6,
  forget: 7,
  start: 8,
};

/** Stops before starts; stops and forgets of a pool from its highest number down. */
export function inOrder(actions: InstanceAction[]): InstanceAction[] {
  const falling = (action: InstanceAction): boolean => action.kind === 'stop' || action.kind === 'forget';
  const indexed = actions.map((action, position) => ({ action, position: falling(action) ? -position : position }));
  indexed.sort((a, b) => ACTION_ORDER[a.action.kind] - ACTION_ORDER[b.action.kind] || a.position - b.position);
  return indexed.map(({ action }) => action);
}
