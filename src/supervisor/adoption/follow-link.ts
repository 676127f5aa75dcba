// Follows the path of the project when a link in it is switched, as at a deployment: the state moves along, and the files are
// read at the new place. Decides nothing about services: the switch is an edit.
import type { ProjectPaths } from '../../api/paths.ts';
import { errorText } from '../../os/errors.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import type { ProjectLock } from './project-lock.ts';

export type LinkFollowerOptions = {
  paths: ProjectPaths;
  lock: ProjectLock;
  /** The state is at the new place, or has to be restored there. */
  onMoved(): void;
  journal: SupervisorContext['journal'];
};

/** Another supervisor has the new directory: it may leave. */
const RETRY_MS = 10_000;

/** @returns a function that follows if there is something to follow; a sentence: that cannot be done. Concurrent calls share it. */
export function linkFollower(options: LinkFollowerOptions): (mayWait: boolean) => Promise<string | null> {
  let running: Promise<string | null> | null = null;
  let refused: { why: string; atMs: number } | null = null;
  return (mayWait) => {
    if (running) return running;
    if (!options.lock.isRedirected()) return Promise.resolve(null);
    if (mayWait && refused && performance.now() - refused.atMs < RETRY_MS) return Promise.resolve(refused.why);
    running = follow(options, refused?.why ?? null).then((why) => {
      refused = why === null ? null : { why, atMs: performance.now() };
      running = null;
      return why;
    });
    return running;
  };
}

/** @param former the failure of the last attempt: it is not reported again */
async function follow({ lock, journal, onMoved }: LinkFollowerOptions, former: string | null): Promise<string | null> {
  const why = await lock.follow().catch((error: unknown) => errorText(error));
  const report = (type: string, message: string): void => journal.report({ type, instance: null, message });
  if (why === null) {
    report('link_followed', `The path of the project leads to ${lock.directory()} now.`);
    onMoved();
  } else if (why !== former) report('link_not_followed', `A link in the path of the project was switched: ${why}.`);
  return why;
}
