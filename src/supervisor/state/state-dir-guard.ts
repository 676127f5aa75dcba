// Puts `.orch/` back when somebody deletes it under a running supervisor: locks, directories, socket, state. Otherwise no
// client would find the supervisor again, although it runs.

import type { ApiServer } from '../api/server.ts';
import { errorText } from '../error-text.ts';
import type { Happening } from '../happenings.ts';
import type { ProjectLock } from '../succession/project-lock.ts';

export type Guarded = {
  lock: ProjectLock;
  server: ApiServer;
  /** Writes again what was lost. */
  onRestored(): void;
  /** The project was removed and made again, and another supervisor has taken over what ran: nothing here is ours. */
  onTakenOver(): void;
  report(happening: Happening): void;
};

const LOOK_EVERY_MS = 1_000;

/** @returns the function that ends it. */
export function guardStateDir(guarded: Guarded): () => void {
  let isBusy = false;
  const timer = setInterval(() => {
    if (isBusy || !guarded.lock.isDisplaced()) return;
    if (guarded.lock.isTakenOver()) {
      clearInterval(timer);
      const message = "The project's directory was replaced, and another supervisor runs it: this one leaves.";
      guarded.report({ type: 'supervisor_displaced', instance: null, message, details: { pid: process.pid } });
      return guarded.onTakenOver();
    }
    isBusy = true;
    void restore(guarded).finally(() => {
      isBusy = false;
    });
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

async function restore({ lock, server, onRestored, report }: Guarded): Promise<void> {
  const told = (type: string, message: string): void => report({ type, instance: null, message, details: {} });
  try {
    if (!(await lock.restore())) return;
    await server.listenAgain();
    onRestored();
    told('state_dir_restored', 'The directory .orch was removed; it was made again. What runs was not touched.');
  } catch (error) {
    told('state_dir_lost', `The directory .orch was removed and cannot be made again: ${errorText(error)}`);
  }
}
