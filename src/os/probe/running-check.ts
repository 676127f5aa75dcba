// A check that is under way: it ends by itself or is cut short, once.
import type { ProbeResult } from '../../core/spec.ts';

export type RunningCheck = {
  outcome: Promise<ProbeResult>;
  /** Ends it now, as a failure for this reason; nothing happens when it is over. */
  cancel(because: string): void;
};

/**
 * @param begin starts the work and returns what frees it; calls `settle` at most once, later or at once.
 */
export function runCheck(begin: (settle: (outcome: ProbeResult) => void) => () => void): RunningCheck {
  let cancel: RunningCheck['cancel'] = () => undefined;
  const outcome = new Promise<ProbeResult>((resolve) => {
    let isOver = false;
    let free: (() => void) | null = null;
    const settle = (result: ProbeResult): void => {
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
