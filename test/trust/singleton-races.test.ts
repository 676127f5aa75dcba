// Four projects want the same singleton at the same moment, by every policy and over users and hosts: never two at once (I2).
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { linesOf } from '../rig/records.ts';
import { mainsOf } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const RACERS = 4;
/** Holds a lock as long as it or one of its children lives: the kernel tells of two at once. */
const ALONE = `exec 9>>"$SHARED/alone"
flock -n 9 || echo "$ORCH_PROJECT" >>"$SHARED/overlaps"
echo "$ORCH_PROJECT" >>"$SHARED/starts"
trap 'exit 0' TERM
while :; do sleep 0.1; done
`;

test.for([
  ['replace', 'host'],
  ['refuse', 'host'],
  ['wait', 'host'],
  ['adopt', 'host'],
  ['replace', 'user'],
  ['refuse', 'user'],
  ['wait', 'user'],
  ['adopt', 'user'],
] as const)('%s, scope %s: never two, and one in the end', async ([policy, scope]) => {
  const shared = createProject({ overlaps: '' });
  const projects = Array.from({ length: RACERS }, (_, n) => racer(shared, n, policy, scope));
  await Promise.all(projects.map((project) => project.orch(['up', '-d'])));
  const living = () =>
    projects.flatMap((project) => mainsOf(project).map(({ pid, startTime }) => `${pid}@${startTime}`));
  await waitFor(
    'all have settled on one',
    async () => ({ states: await Promise.all(projects.map(stateOf)), living: [...new Set(living())] }),
    ({ states, living }) => living.length === 1 && states.every((state) => hasSettled(state, policy)),
    30_000,
  );
  await Promise.all(projects.map((project) => project.down()));
  expect(linesOf(shared.path('overlaps'))).toEqual([]);
  expect(linesOf(shared.path('starts')).length).toBeGreaterThanOrEqual(1);
});

function racer(shared: Project, n: number, policy: string, scope: string): Project {
  const yaml = `
name: racer${n}
services:
  bot: { command: [sh, alone.sh], stop: { grace: 1s }, singleton: { key: bot, scope: ${scope}, on_conflict: ${policy} } }
`;
  const env = { SHARED: shared.root, ORCH_SINGLETON_DIR: shared.path('singletons') };
  const project = createProject({ 'procs.yaml': yaml }, { env });
  writeFileSync(project.path('alone.sh'), ALONE);
  return project;
}

async function stateOf(project: Project): Promise<string> {
  return instanceOf(await project.ps(), 'bot.1').state;
}

/** An instance without the singleton waits under `wait`, and is stopped otherwise. */
function hasSettled(state: string, policy: string): boolean {
  return state === 'ready' || state === (policy === 'wait' ? 'starting' : 'stopped');
}
