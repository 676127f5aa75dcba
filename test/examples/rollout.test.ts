// examples/rollout: four serve at any time, through a good version and a broken one.
import { expect, test } from 'vitest';
import { startLoad } from '../lifecycle/load.ts';
import { createExampleProject } from '../rig/example.ts';
import { freePorts } from '../rig/free-ports.ts';
import { waitFor } from '../rig/wait-for.ts';

const PORT = await freePorts(5);

test('a new version is rolled out, a broken one is rolled back, and four instances always serve', {
  timeout: 120_000,
}, async () => {
  const project = createExampleProject('rollout', { 18700: PORT });
  await project.up();
  const load = startLoad([PORT, PORT + 1, PORT + 2, PORT + 3, PORT + 4]);
  await waitFor('the load runs', load.rounds, (rounds) => rounds > 2);
  const write = (version: string) =>
    project.edit('procs.yaml', project.read('procs.yaml').replace(/VERSION: '\w+'/, `VERSION: '${version}'`));
  write('2');
  await waitFor('it has begun', project.ps, (status) => status.generation === 2);
  await project.mustOrch(['wait', '--timeout', '60s']);
  const version = async () => (await (await fetch(`http://127.0.0.1:${PORT}/`)).text()).trim();
  expect(await version()).toBe('web.1 version 2');
  write('broken');
  await waitFor(
    'it goes back',
    project.events,
    (events) => events.some(({ type }) => type === 'rollout_rolled_back'),
    30_000,
  );
  expect(await version()).toBe('web.1 version 2');
  await load.stop();
  expect(load.fewest()).toBeGreaterThanOrEqual(4);
  await project.down();
});
