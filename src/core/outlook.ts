// Whether an instance that is not up can still come up by itself, as far as its slot alone tells. Pure.

import { isReady } from './readiness.ts';
import type { Slot } from './slot.ts';

/**
 * `open`: it is up, or may come up by itself. `trying`: it is in a crash loop, and its present start may still succeed.
 * `hopeless`: it needs a change from outside, or is in a crash loop and waits for its next start.
 */
export type Outlook = 'open' | 'trying' | 'hopeless';

/** This many failures in a row are a crash loop. With the default back-off they take 0.3 s and the program's own time. */
const CRASH_LOOP_FAILURES = 3;

/** Of a slot in the version that is wanted, its dependencies aside. */
export function outlookOfSlot({ phase, failures }: Slot): Outlook {
  if (phase.kind === 'failed' || phase.kind === 'blocked') return 'hopeless';
  if (failures < CRASH_LOOP_FAILURES || phase.kind === 'completed' || isReady(phase)) return 'open';
  return phase.kind === 'backoff' ? 'hopeless' : 'trying';
}
