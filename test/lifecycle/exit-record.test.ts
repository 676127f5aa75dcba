// `exit_record: true`: an end that no supervisor saw is known by its code, and acted on as if it had been seen.
import { expect, test } from 'vitest';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { killSupervisor } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const yaml = (record: boolean): string => `
services:
  job:
    command: 'while [ ! -e end ]; do sleep 0.05; done; exit 7'
    restart: on_failure
    exit_record: ${record}
  task:
    command: [sh, -c, 'while [ ! -e end ]; do sleep 0.05; done']
    restart: on_failure
    exit_record: ${record}
`;

async function endUnseen(project: Project): Promise<void> {
  await project.up();
  await killSupervisor(project);
  project.write('end', '');
  await waitFor('all have ended', project.instances, (seen) => seen.length === 0);
  await project.mustOrch(['up', '-d']);
}

test('a recorded exit is reported and decides what happens next', async () => {
  const project = createProject({ 'procs.yaml': yaml(true) });
  await endUnseen(project);
  const failed = await waitFor(
    'the failure counts',
    () => project.ps().then((status) => instanceOf(status, 'job.1')),
    ({ lastExit }) => lastExit !== null,
  );
  expect(failed.lastExit).toEqual({ code: 7 });
  expect(instanceOf(await project.ps(), 'task.1')).toMatchObject({ state: 'completed', lastExit: { code: 0 } });
  await project.down();
  expect(project.exists('.orch/run/exits')).toBe(false);
});

test('a task without an exit record has an unknown exit and runs once more', async () => {
  const project = createProject({ 'procs.yaml': yaml(false) });
  await endUnseen(project);
  const ofTask = async () => (await project.events()).filter(({ instance }) => instance === 'task.1');
  const told = await waitFor('it has run', ofTask, (seen) => seen.some(({ type }) => type === 'completed'));
  // It may not even have been remembered that it ran, but nothing tells that it succeeded.
  expect(told.map(({ type }) => type)).toContain('started');
});

test('an exit record changes no stop: the program gets its signal and its grace period', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  gentle:
    command: 'trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 0.05; done'
    exit_record: true
    readiness: { log: ready }
    stop: { grace: 20s }
`,
  });
  await project.up();
  await project.mustOrch(['stop', 'gentle']);
  expect(instanceOf(await project.ps(), 'gentle.1').lastExit).toEqual({ code: 3 });
  await project.mustOrch(['start', 'gentle', '--wait']);
});

test.each([['singleton: { pid_file: bot.pid }', '`singleton.pid_file` does not go with `exit_record`']])(
  '%s is refused',
  async (line, message) => {
    const project = createProject({
      'procs.yaml': `services:\n  a:\n    command: [sleep, '1']\n    exit_record: true\n    ${line}\n`,
    });
    const { exitCode, stderr } = await project.orch(['validate']);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
  },
);
