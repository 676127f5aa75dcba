// Two checkouts of one repository run at the same time, because neither names a port (`port: auto`).
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { get } from '../rig/example.ts';
import { git } from '../rig/git.ts';
import { createProject, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

const webPorts = async (project: Project): Promise<number[]> =>
  (await project.ps()).services.find(({ name }) => name === 'web')!.instances.map(({ port }) => port!);

test("the README's demo runs in two worktrees of one repository", async () => {
  const [first, second] = [createProject({}), createProject({})];
  for (const name of ['procs.yaml', 'examples/demo']) cpSync(join(root, name), first.path(name), { recursive: true });
  git(first.root, 'init', '-q');
  git(first.root, 'add', '-A');
  git(first.root, 'commit', '-qm', 'demo');
  git(first.root, 'worktree', 'add', '-q', '--force', second.root);
  await Promise.all([first.up(), second.up()]);
  const ports = (await Promise.all([first, second].map(webPorts))).flat();
  expect(new Set(ports).size).toBe(6);
  for (const [index, port] of ports.entries()) expect(await get(port)).toContain(`from web.${(index % 3) + 1}`);
  for (const project of [first, second]) {
    const lines = async () => (await project.mustOrch(['logs', 'visitor'])).stdout;
    await waitFor('it is visited', lines, (seen) => seen.includes('hello from web.2'), 15_000);
  }
  await Promise.all([first.down(), second.down()]);
});
