// Restores `.orch/`, or the part of it that was deleted under a running supervisor: locks, directories, socket, state.
// Otherwise no client would find the supervisor, although it runs.
import { lstatSync } from 'node:fs';
import type { ProjectPaths } from '../../api/paths.ts';
import { errorText } from '../../os/errors.ts';
import { ensureStateDir } from '../../os/private-dir.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import type { ProjectLock } from './project-lock.ts';

export type StateDirGuardOptions = {
  paths: ProjectPaths;
  lock: ProjectLock;
  /** A link in the path of the project was switched. */
  followLink(): Promise<unknown>;
  /** The socket was deleted: makes it again. */
  listenAgain(): Promise<void>;
  /** Writes the files that were lost. */
  onRestored(): void;
  /** The project was removed and recreated, and another supervisor has taken over its processes. */
  onTakenOver(): void;
  journal: SupervisorContext['journal'];
};

const CHECK_EVERY_MS = 1_000;

/** @returns the function that ends it. */
export function guardStateDir(guarded: StateDirGuardOptions): () => void {
  const { lock, paths } = guarded;
  let isBusy = false;
  /** The failure of the last attempt to restore: the lock may be back in place while no socket listens. */
  let complaint: string | null = null;
  const timer = setInterval(() => {
    if (isBusy) return;
    if (lock.isRedirected()) {
      isBusy = true;
      void guarded.followLink().finally(() => {
        isBusy = false;
      });
      return;
    }
    if (complaint === null && !lock.isDisplaced() && !isGone(paths.socket)) return;
    if (lock.isTakenOver()) {
      clearInterval(timer);
      const message = "The project's directory was replaced, and another supervisor runs it: this one leaves.";
      guarded.journal.report({ type: 'supervisor_displaced', instance: null, message, details: { pid: process.pid } });
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

/** @param former the failure of the last attempt. @returns the failure of this one; null: everything is restored. */
async function restore(guarded: StateDirGuardOptions, former: string | null): Promise<string | null> {
  const { lock, paths, onRestored, journal } = guarded;
  const report = (type: string, message: string): void => journal.report({ type, instance: null, message });
  try {
    if (!lock.isDisplaced()) ensureStateDir(paths);
    else if (!(await lock.restore())) return former;
    await guarded.listenAgain();
    onRestored();
    report(
      'state_dir_restored',
      'The directory .orch, or its socket, was removed and has been recreated. Running instances were not touched.',
    );
    return null;
  } catch (error) {
    const because = errorText(error);
    if (because !== former)
      report('state_dir_lost', `The directory .orch, or its socket, was removed and cannot be recreated: ${because}`);
    return because;
  }
}
