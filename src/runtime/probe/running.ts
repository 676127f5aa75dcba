// A check that is under way: it ends by itself or is cut short, once.
import type { Outcome } from '../../core/model.ts';

export type Running = {
  outcome: Promise<Outcome>;
  /** Ends it now, as a failure for this reason; nothing happens when it is over. */
  cancel(because: string): void;
};

/**
 * @param begin starts the work and returns what frees it; calls `settle` at most once, later or at once.
 */
export function runCheck(begin: (settle: (outcome: Outcome) => void) => () => void): Running {
  let cancel: Running['cancel'] = () => undefined;
  const outcome = new Promise<Outcome>((resolve) => {
    let isOver = false;
    let free: (() => void) | null = null;
    const settle = (result: Outcome): void => {
      if (isOver) return;
      isOver = true;
      free?.();
      resolve(result);
    };
    cancel = (because) => settle({ ok: false, because });
    free = begin(settle);
    if (isOver) free();
  });
  return { outcome, cancel };
}
