// `orch signal`: running instances get a signal, and nothing else happens to them.
import { expect, test } from 'vitest';
import { createProject, instanceOf } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const PROGRAM = JSON.stringify([
  'sh',
  '-c',
  'trap "echo hup >> hups-$$ORCH_INSTANCE" HUP; touch set-$$ORCH_INSTANCE; while :; do sleep 0.02; done',
]);

test.for(['', ', exit_record: true'])('signal reaches each instance of a pool, or one of them%s', async (more) => {
  const project = createProject({
    'procs.yaml': `services:\n  api: { command: ${PROGRAM}, pool: 2${more} }\n  off: { command: x, enabled: false }\n`,
  });
  await project.up();
  const isSet = () => project.exists('set-1') && project.exists('set-2');
  await waitFor('both have their trap', isSet, Boolean);
  const before = (await project.ps()).services.flatMap(({ instances }) => instances.map(({ pid }) => pid));
  expect((await project.mustOrch(['signal', 'api', 'hup'])).stdout).toBe('sent SIGHUP to api.1, api.2\n');
  const hups = (index: number) => () => (project.exists(`hups-${index}`) ? project.read(`hups-${index}`) : '');
  for (const index of [1, 2]) await waitFor(`api.${index} got it`, hups(index), (seen) => seen === 'hup\n');
  await project.mustOrch(['signal', 'api.2', 'SIGHUP', '--json']);
  await waitFor('api.2 got it again', hups(2), (seen) => seen === 'hup\nhup\n');
  expect(hups(1)()).toBe('hup\n');
  expect((await project.events()).filter(({ type }) => type === 'signalled')).toHaveLength(3);
  expect((await project.ps()).services.flatMap(({ instances }) => instances.map(({ pid }) => pid))).toEqual(before);
  expect(await project.orch(['signal', 'off', 'HUP'])).toMatchObject({ exitCode: 1 });
  expect(await project.orch(['signal', 'api', 'SIGHUPP'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('SIGHUP'),
  });
  expect((await project.orch(['signal', 'api', 'STOP'])).stderr).toContain('only pauses');
  await project.down();
});

test('an instance that ends from a signal is restarted as its policy says', async () => {
  const project = createProject({ 'procs.yaml': 'services:\n  api: { command: [sleep, "1000"] }\n' });
  await project.up();
  const { pid } = instanceOf(await project.ps(), 'api.1');
  await project.mustOrch(['signal', 'api', 'TERM']);
  await waitFor('another one runs', project.ps, (status) => ![pid, null].includes(instanceOf(status, 'api.1').pid));
  await project.down();
});
