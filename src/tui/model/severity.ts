// Which of several states matters most.
import type { InstanceState, InstanceStatus } from '../../api/protocol.ts';

/** Worst first: the state that a folded pool shows. */
export const SEVERITY: InstanceState[] = [
  'failed',
  'backoff',
  'unready',
  'stopping',
  'starting',
  'waiting',
  'running',
  'ready',
  'stopped',
  'completed',
];

/** The state shown for several instances; `stopped` without any. */
export function worstState(instances: readonly InstanceStatus[]): InstanceState {
  const states = new Set(instances.map((instance) => instance.state));
  return SEVERITY.find((state) => states.has(state)) ?? 'stopped';
}
