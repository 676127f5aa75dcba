// `stop.to: main`, the default: pools of processes finish their work, and shell lines stop in time too.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { linesOf } from '../rig/records.ts';
import { waitFor } from '../rig/wait-for.ts';
import { PROGRAMS } from './procs.ts';

const hasPython = spawnSync('python3', ['--version']).status === 0;
const ENDS = `node ${PROGRAMS}tells-its-end.mjs`;

const story = (project: Project): string[] =>
  existsSync(project.path('story.txt')) ? linesOf(project.path('story.txt')) : [];

test.for(['pool', 'executor'])('a Python %s finishes its tasks when it is stopped', async (kind, { skip }) => {
  skip(!hasPython, 'python3 is not installed');
  const project = createProject({
    'procs.yaml': `services:\n  worker: { command: [python3, ${PROGRAMS}finishes-pool.py, ${kind}] }\n`,
  });
  await project.mustOrch(['up', '-d']);
  await waitFor(
    'both tasks have begun',
    () => story(project),
    (lines) => lines.length === 2,
  );
  await project.mustOrch(['stop', 'worker']);
  expect(instanceOf(await project.ps(), 'worker.1').lastExit).toEqual({ code: 0 });
  expect(story(project).slice(2)).toEqual([
    expect.stringMatching(/^done \d$/),
    expect.stringMatching(/^done \d$/),
    'finished [0, 1]',
  ]);
  await project.down();
});

test.each([
  ['a simple shell line', ENDS],
  ['a shell line of two commands', `${ENDS}; echo done`],
  ['a shell line in another directory', `cd . && ${ENDS}`],
  ['a pipeline', `${ENDS} | cat`],
  ['nested shells', `sh -c '${ENDS}; true'; true`],
])('%s is stopped at once, and its program gets the signal', async (_, line) => {
  const project = createProject({
    'procs.yaml': `services:\n  a: { command: ${JSON.stringify(line)}, stop: { grace: 20s } }\n`,
  });
  await project.mustOrch(['up', '-d']);
  await waitFor(
    'it is up',
    () => story(project),
    (lines) => lines.length === 1,
  );
  const beginMs = performance.now();
  await project.mustOrch(['stop', 'a']);
  expect(performance.now() - beginMs).toBeLessThan(2_500);
  expect(story(project)).toEqual(['a.1 up', 'a.1 SIGTERM']);
  expect(project.instances()).toEqual([]);
  await project.down();
});

test('a further signal reaches what is left when the main process has ended', async () => {
  const stop = '{ grace: 20s, escalate: [{ signal: SIGINT, after: 300ms }] }';
  const project = createProject({
    'procs.yaml': `services:\n  a: { command: "${ENDS} --ends-on SIGINT; true", stop: ${stop} }\n`,
  });
  await project.mustOrch(['up', '-d']);
  await waitFor(
    'it is up',
    () => story(project),
    (lines) => lines.length === 1,
  );
  await project.mustOrch(['stop', 'a']);
  expect(story(project)).toEqual(['a.1 up', 'a.1 SIGTERM', 'a.1 SIGINT']);
  await project.down();
});

test('a program behind an exit record gets the signal, and its children do not', async () => {
  const main = `trap 'echo main SIGTERM >>story.txt; sleep 0.3; exit 3' TERM; ${ENDS} & while :; do sleep 0.05; done`;
  const project = createProject({
    'procs.yaml': `services:\n  a: { command: [sh, -c, ${JSON.stringify(main)}], exit_record: true, stop: { grace: 20s } }\n`,
  });
  await project.mustOrch(['up', '-d']);
  await waitFor(
    'the child is up',
    () => story(project),
    (lines) => lines.length === 1,
  );
  await project.mustOrch(['stop', 'a']);
  expect(instanceOf(await project.ps(), 'a.1').lastExit).toEqual({ code: 3 });
  expect(story(project)).toEqual(['a.1 up', 'main SIGTERM', 'a.1 SIGTERM']);
  await project.down();
});

test('an edit of stop.to restarts nothing, and the next stop goes by it', async () => {
  const main = `trap 'echo main SIGTERM >>story.txt; sleep 0.3; exit 0' TERM; ${ENDS} & while :; do sleep 0.05; done`;
  const yaml = (to: string) =>
    `services:\n  a: { command: [sh, -c, ${JSON.stringify(main)}], stop: { to: ${to}, grace: 20s } }\n`;
  const project = createProject({ 'procs.yaml': yaml('tree') });
  await project.up();
  await waitFor(
    'the child is up',
    () => story(project),
    (lines) => lines.length === 1,
  );
  const before = instanceOf(await project.ps(), 'a.1').pid;
  const { generation } = await project.ps();
  project.edit('procs.yaml', yaml('main'));
  const after = await waitFor('it is applied', project.ps, (status) => status.generation > generation);
  expect(instanceOf(after, 'a.1').pid).toBe(before);
  await project.mustOrch(['stop', 'a']);
  expect(story(project)).toEqual(['a.1 up', 'main SIGTERM', 'a.1 SIGTERM']);
  await project.down();
});
