// A check in progress: it completes or is cancelled, once.
import type { ProbeResult } from '../../core/spec.ts';

export type RunningCheck = {
  outcome: Promise<ProbeResult>;
  /** Ends it now, as a failure for this reason; does nothing once it is over. */
  cancel(because: string): void;
};

/** Further calls have no effect. */
export type Settle = (outcome: ProbeResult) => void;

/** Names what a check waits for, in the reason of one that is cancelled. */
export type OnCancel = (reasonOf: (because: string) => string) => void;

/** @param begin starts the work and returns how to free it; calls `settle` later or at once */
export function runCheck(begin: (settle: Settle, onCancel: OnCancel) => () => void): RunningCheck {
  let cancel: RunningCheck['cancel'] = () => undefined;
  let reasonOf = (because: string): string => because;
  const outcome = new Promise<ProbeResult>((resolve) => {
    let isOver = false;
    let free: (() => void) | null = null;
    const settle = (result: ProbeResult): void => {
      if (isOver) return;
      isOver = true;
      free?.();
      resolve(result);
    };
    cancel = (because) => settle({ ok: false, because: reasonOf(because) });
    free = begin(settle, (how) => {
      reasonOf = how;
    });
    if (isOver) free();
  });
  return { outcome, cancel };
}

export function failedCheck(because: string): RunningCheck {
  return runCheck((settle) => {
    settle({ ok: false, because });
    return () => undefined;
  });
}
