// Restarts: policy, pause, and a limit, which every tool counts in its own way.

import { nearly, type Verdict } from '../model/loss-findings.ts';
import { isPlainMap, type Plain } from '../model/plain.ts';
import type { ServiceDraft } from '../model/project-draft.ts';

/** @param difference what the other tool counts. */
export function limitRestarts(draft: ServiceDraft, count: number, difference: string): Verdict {
  changeRestart(draft, { limit: count });
  return nearly(`failures in a row count; ${difference}`);
}

/** Failures in a row, of runs that are shorter than `healthyAfter`. */
export function limitShortRuns(draft: ServiceDraft, count: number, healthyAfter: string): void {
  changeRestart(draft, { limit: count, ...(healthyAfter === '10s' ? {} : { healthy_after: healthyAfter }) });
}

/** Adds to `restart`, which may be a plain policy so far. */
export function changeRestart(draft: ServiceDraft, values: { [key: string]: Plain }): void {
  const restart = draft.keys.restart;
  const before = isPlainMap(restart) ? restart : restart === undefined ? {} : { policy: restart };
  draft.set('restart', { ...before, ...values });
}

export function setPolicy(draft: ServiceDraft, policy: string): void {
  const restart = draft.keys.restart;
  draft.set('restart', isPlainMap(restart) ? { ...restart, policy } : policy);
}

/** The same pause before every restart. */
export const setPause = (draft: ServiceDraft, pause: string): void => changeRestart(draft, { backoff: pause });
