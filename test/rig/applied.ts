// Waits until a running project has taken up an edit, or has converged.
import type { Project } from './project.ts';
import { waitFor } from './wait-for.ts';

/** Makes the edit, and returns once the supervisor has applied or rejected it. */
export async function applied(project: Project, edit: () => Promise<unknown> | unknown): Promise<void> {
  const { length } = (await project.events()).filter(({ type }) => type.startsWith('config_'));
  await edit();
  await waitFor(
    'the edit is applied',
    async () => (await project.events()).filter(({ type }) => type.startsWith('config_')),
    (seen) => seen.length > length,
  );
}

export async function converge(project: Project): Promise<void> {
  await project.mustOrch(['wait', '--timeout', '20s']);
}
