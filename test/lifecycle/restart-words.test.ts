// Back-off, limits and success as other tools have them: a constant pause, failures in a row, runs that count as healthy,
// exit codes of success, and a restart by the readiness probe.
import { expect, test } from 'vitest';
import { createProject, instanceOf } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const shell = (script: string): string => JSON.stringify(['sh', '-c', script]);

test.for([
  ['on_failure', 'exit 1', 'Failed 4 times in a row, last with exit code 1'],
  ['always', 'exit 0', 'Ended 4 times in a row, last with success'],
] as const)('limit: 3 gives up after %s and %s', async ([policy, end, reason]) => {
  const text = `services:\n  one: { command: ${shell(`echo run >> runs; ${end}`)}, restart: { policy: ${policy}, backoff: 20ms, limit: 3 } }\n`;
  const project = createProject({ 'procs.yaml': text });
  await project.mustOrch(['up', '-d']);
  await waitFor('it is given up', project.ps, (status) => instanceOf(status, 'one.1').state === 'failed');
  expect(project.read('runs').trim().split('\n')).toHaveLength(4);
  expect(instanceOf(await project.ps(), 'one.1').reason).toContain(reason);
  const delays = (await project.events())
    .filter(({ type }) => type === 'backed_off')
    .map(({ details }) => details.delayMs);
  for (const delayMs of delays) expect(delayMs).toBeLessThanOrEqual(20);
  await project.down();
});

test('a run of healthy_after forgets the failures before, after an edit at once', async () => {
  const text = (more: string): string =>
    `services:\n  one: { command: ${shell('sleep 0.2; echo run >> runs; exit 1')}, restart: { backoff: 10ms, limit: 1${more} } }\n`;
  const project = createProject({ 'procs.yaml': text(', healthy_after: 50ms') });
  await project.mustOrch(['up', '-d']);
  await waitFor(
    'it ran often',
    () => (project.exists('runs') ? project.read('runs') : ''),
    (runs) => runs.split('\n').length > 4,
  );
  expect(instanceOf(await project.ps(), 'one.1').state).not.toBe('failed');
  project.edit('procs.yaml', text(''));
  await waitFor('it is given up', project.ps, (status) => instanceOf(status, 'one.1').state === 'failed');
  await project.down();
});

test('success_codes: a signal and a code complete a task, 0 does not where it is left out', async () => {
  const task = (script: string, codes: string): string =>
    `{ command: ${shell(script)}, restart: never, success_codes: ${codes} }`;
  const project = createProject({
    'procs.yaml': `services:
  term: ${task('kill -TERM $$$$', '[0, 143]')}
  three: ${task('exit 3', '[3]')}
  zero: ${task('exit 0', '[3]')}
  after: { command: [sleep, "1000"], depends_on: { term: completed, three: completed } }
`,
  });
  await project.mustOrch(['up', '-d']);
  await project.mustOrch(['wait', '--for', 'ready', 'after']);
  const status = await project.ps();
  const states = ['term', 'three', 'zero'].map((name) => instanceOf(status, `${name}.1`).state);
  expect(states).toEqual(['completed', 'completed', 'failed']);
  expect((await project.orch(['wait', 'term'])).exitCode).toBe(0);
  await project.down();
});

test('readiness on_failure: restart restarts an instance that is not ready any more, without it nothing is', async () => {
  const text = (more: string): string =>
    `services:\n  one: { command: [sleep, "1000"], restart: { backoff: 10ms }, readiness: { exec: [test, '!', -e, broken], every: 50ms, failures: 2${more} } }\n`;
  const project = createProject({ 'procs.yaml': text('') });
  await project.up();
  const { pid } = instanceOf(await project.ps(), 'one.1');
  project.write('broken', '');
  await waitFor('it is unready', project.ps, (status) => instanceOf(status, 'one.1').state === 'unready');
  expect(instanceOf(await project.ps(), 'one.1').pid).toBe(pid);
  project.edit('procs.yaml', text(', on_failure: restart'));
  await waitFor('it was restarted', project.events, (events) =>
    events.some(({ message }) => /readiness probe failed/.test(message)),
  );
  await waitFor('another one lives', project.ps, (status) => ![pid, null].includes(instanceOf(status, 'one.1').pid));
  await project.down();
});

test('an old and a new spelling of the same policy are one configuration', async () => {
  const project = createProject({
    'procs.yaml': `services:\n  one: { command: [sleep, "1000"], restart: { backoff: { initial: 1m, max: 1m, factor: 1 } } }\n`,
  });
  await project.up();
  project.write('procs.yaml', `services:\n  one: { command: [sleep, "1000"], restart: { backoff: 1m } }\n`);
  expect((await project.orch(['plan'])).exitCode).toBe(0);
  await project.down();
});
