// The owner of the supervisor: a terminal that vanishes takes it down gracefully, a detached one leaves it alone.
import { expect, test } from 'vitest';
import { createProject } from '../rig/project.ts';
import { supervisorsOf } from '../rig/supervisors.ts';
import { holdsFor, waitFor } from '../rig/wait-for.ts';

const FILES = {
  'procs.yaml': 'services:\n  a: { command: [sh, obeys.sh], pool: 2 }\n',
  'obeys.sh': `trap 'echo stopped >>stops.txt; kill $!; exit 0' TERM\nwhile :; do sleep 1000 & wait $!; done\n`,
};

test('everything stops in order when the terminal of up vanishes', async () => {
  const project = createProject(FILES);
  const terminal = project.terminal(['up']);
  await waitFor(
    'it runs',
    () => project.instances().length,
    (seen) => seen >= 2,
    20_000,
  );
  await waitFor(
    'it owns the supervisor',
    () => terminal.screen(),
    (seen) => /^.*a\.1 .*ready/m.test(seen),
    20_000,
  );
  terminal.close();
  await waitFor(
    'nothing is left',
    () => project.processes().length,
    (seen) => seen === 0,
    20_000,
  );
  expect(project.read('stops.txt').trim().split('\n')).toEqual(['stopped', 'stopped']);
});

test('instances keep running when an attached terminal vanishes', async () => {
  const project = createProject(FILES);
  await project.up();
  const terminal = project.terminal(['attach']);
  await waitFor(
    'it shows the project',
    () => terminal.screen(),
    (seen) => /^.*a\.1 .*ready/m.test(seen),
    20_000,
  );
  terminal.close();
  await holdsFor(
    'it keeps running',
    () => supervisorsOf(project).length,
    (seen) => seen === 1,
    1_500,
  );
  expect((await project.ps()).services[0]!.running).toBe(2);
  await project.down();
});

test('a supervisor of up -d outlives its terminal', async () => {
  const project = createProject(FILES);
  const terminal = project.terminal(['up', '-d', '--wait']);
  await terminal.waitForExit(20_000);
  terminal.close();
  await holdsFor(
    'it keeps running',
    () => supervisorsOf(project).length,
    (seen) => seen === 1,
    1_000,
  );
  await project.down();
});
