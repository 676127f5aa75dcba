// Puts `.orch/`, or what of it was deleted under a running supervisor, back: locks, directories, socket, state. Otherwise no
// client would find the supervisor again, although it runs.
import { lstatSync } from 'node:fs';
import type { ProjectPaths } from '../../api/paths.ts';
import { errorText } from '../../os/errors.ts';
import { ensureStateDir } from '../../os/private-dir.ts';
import type { EventDraft } from '../kernel/events.ts';
import type { ProjectLock } from './project-lock.ts';

export type StateDirGuardOptions = {
  paths: ProjectPaths;
  lock: ProjectLock;
  /** The socket was deleted: makes it again. */
  listenAgain(): Promise<void>;
  /** Writes again what was lost. */
  onRestored(): void;
  /** The project was removed and made again, and another supervisor has taken over what ran: nothing here is ours. */
  onTakenOver(): void;
  report(happening: EventDraft): void;
};

const CHECK_EVERY_MS = 1_000;

/** @returns the function that ends it. */
export function guardStateDir(guarded: StateDirGuardOptions): () => void {
  const { lock, paths } = guarded;
  let isBusy = false;
  /** Found missing, and not made again yet: the lock may be back in place while nobody listens. */
  let complaint: string | null = null;
  const timer = setInterval(() => {
    if (isBusy || (complaint === null && !lock.isDisplaced() && !isGone(paths.socket))) return;
    if (lock.isTakenOver()) {
      clearInterval(timer);
      const message = "The project's directory was replaced, and another supervisor runs it: this one leaves.";
      guarded.report({ type: 'supervisor_displaced', instance: null, message, details: { pid: process.pid } });
      return guarded.onTakenOver();
    }
    isBusy = true;
    void restore(guarded, complaint).then((found) => {
      complaint = found;
      isBusy = false;
    });
  }, CHECK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function isGone(path: string): boolean {
  try {
    lstatSync(path);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'; // anything else proves nothing
  }
}

/** @param former what was complained of last time. @returns what stands in the way; null: all is in place again. */
async function restore(guarded: StateDirGuardOptions, former: string | null): Promise<string | null> {
  const { lock, paths, onRestored, report } = guarded;
  const told = (type: string, message: string): void => report({ type, instance: null, message, details: {} });
  try {
    if (!lock.isDisplaced()) ensureStateDir(paths);
    else if (!(await lock.restore())) return former;
    await guarded.listenAgain();
    onRestored();
    told(
      'state_dir_restored',
      'The directory .orch, or its socket, was removed; it was made again. What runs was not touched.',
    );
    return null;
  } catch (error) {
    const because = errorText(error);
    if (because !== former)
      told('state_dir_lost', `The directory .orch, or its socket, was removed and cannot be made again: ${because}`);
    return because;
  }
}
