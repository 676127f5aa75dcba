// What must be known of the environment that the last supervisor of a simulated project has left behind.
import type { Project } from './project.ts';

/** What a supervisor has known for this long is on disk. */
const SAVED_AFTER_MS = 2_000;

/** @returns the name of the environment; null: none; undefined: it may not be known */
export function leftEnvironment({ guests, oracle, isStateSpoiled, wantsDown }: Project): string | null | undefined {
  const last = guests.findLast(({ shellSinceMs }) => shellSinceMs !== null);
  if (!last || last.isAlive || isStateSpoiled || oracle.stateUnsureUntilMs > 0 || wantsDown) return undefined;
  return last.lastAwakeMs - last.shellSinceMs! > SAVED_AFTER_MS ? last.shell.env : undefined;
}
