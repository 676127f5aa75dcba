// A limit on restarts, which every tool counts in its own way.

import { nearly, type Verdict } from '../model/loss-findings.ts';
import { isPlainMap, type Plain, type ServiceDraft } from '../model/project-draft.ts';
import { hasWord } from '../model/words.ts';

/** orch forgets failures that are older; a crash loop makes far more. */
const WITHIN = '1h';

/** @param difference what the other tool counts. */
export function limitRestarts(draft: ServiceDraft, count: number, difference: string): Verdict {
  const limit: Plain = hasWord.limitInARow ? count : { count, within: WITHIN };
  changeRestart(draft, { limit });
  const counted = hasWord.limitInARow ? 'failures in a row count' : `failures within ${WITHIN} count`;
  return nearly(`${counted}; ${difference}`);
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
export function setPause(draft: ServiceDraft, pause: string): void {
  changeRestart(draft, { backoff: hasWord.backoffConstant ? pause : { initial: pause, max: pause, factor: 1 } });
}
