// Commands around the life of an instance, with real processes.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the shell
import { expect, test } from 'vitest';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const lines = (project: Project): string[] =>
  project.exists('told') ? project.read('told').split('\n').filter(Boolean) : [];
const told = (project: Project, count: number) =>
  waitFor(
    'hooks ran',
    () => lines(project),
    (all) => all.length >= count,
  );

test('each hook runs at its time, in the environment of the instance, with the event', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  job:
    command: 'echo "run $ORCH_INSTANCE_ID" >> told; test -e fine || exit 3; exec sleep 1000'
    restart: { backoff: { initial: 300ms } }
    hooks:
      before_start: 'echo "$ORCH_HOOK $ORCH_INSTANCE_ID" >> told; sleep 0.1'
      after_ready: 'test -e fine && echo "$ORCH_HOOK $ORCH_PID" >> told'
      after_exit: 'echo "$ORCH_HOOK \${ORCH_EXIT_CODE:-}\${ORCH_EXIT_SIGNAL:-}" >> told'
`,
  });
  await project.mustOrch(['up', '-d']);
  expect(await told(project, 4)).toEqual(['before_start job.1', 'run job.1', 'after_exit 3', 'before_start job.1']);
  project.write('fine', '');
  const all = await waitFor(
    'it is ready',
    () => lines(project),
    (seen) => seen.some((line) => line.startsWith('after_ready')),
  );
  const pid = instanceOf(await project.ps(), 'job.1').pid;
  expect(all).toContain(`after_ready ${pid}`);
  await project.mustOrch(['down']);
  // `down` waits for the hook after the last exit.
  expect(lines(project).at(-1)).toBe('after_exit SIGTERM');
});

test('a failed before_start hook fails the start, and no process starts', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  api:
    command: 'touch started; exec sleep 1000'
    restart: { backoff: { initial: 200ms } }
    hooks: { before_start: 'test -e allowed || { echo the database is not there; exit 4; }' }
`,
  });
  await project.mustOrch(['up', '-d']);
  // What the hook printed is missing where the log writer is slow to tell: it is tried again and again.
  await waitFor('it says why', project.ps, (seen) => {
    const { state, reason } = instanceOf(seen, 'api.1');
    return state === 'backoff' && /before_start failed: exit code 4: the database is not there/.test(reason ?? '');
  });
  expect(project.exists('started')).toBe(false);
  project.write('allowed', '');
  await project.mustOrch(['wait']);
  await project.down();
});

test('a cancelled start ends its hook and delays no other instance', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  slow: { command: [sleep, "1000"], hooks: { before_start: [sleep, "500"] } }
  quick: { command: [sleep, "1000"] }
`,
  });
  await project.mustOrch(['up', '-d']);
  await waitFor('quick runs', project.ps, (seen) => instanceOf(seen, 'quick.1').state === 'ready');
  expect(instanceOf(await project.ps(), 'slow.1').state).toBe('starting');
  await project.mustOrch(['stop', 'slow']);
  await waitFor('slow is given up', project.ps, (seen) => instanceOf(seen, 'slow.1').state === 'stopped');
  await project.down();
});

test('a task whose start is cancelled has not failed and runs when it is enabled again', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  migrate:
    command: 'echo ran >> runs.txt'
    restart: never
    hooks: { before_start: 'touch hook-began; test -e allowed || exec sleep 500' }
  web: { command: [sleep, "1000"] }
`,
  });
  await project.mustOrch(['up', '-d', 'migrate']);
  await waitFor(
    'the hook runs',
    () => project.exists('hook-began'),
    (hasBegun) => hasBegun,
  );
  await project.mustOrch(['stop', 'migrate']);
  await waitFor('migrate is given up', project.ps, (seen) => instanceOf(seen, 'migrate.1').state !== 'starting');
  project.write('allowed', '');
  await project.mustOrch(['up', '-d', '--wait', 'migrate']);
  expect(instanceOf(await project.ps(), 'migrate.1').state).toBe('completed');
  expect(project.read('runs.txt')).toBe('ran\n');
  await project.down();
});

test('a start whose hook hangs follows an edit and starts over on request', async () => {
  const yaml = (hook: string): string =>
    `services:\n  api: { command: [sleep, "1000"], hooks: { before_start: 'echo ${hook} >> hooks.txt; ${hook}' } }\n`;
  const project = createProject({ 'procs.yaml': yaml('sleep 500') });
  const hooks = (count: number) =>
    waitFor(
      `${count} hooks ran`,
      () => (project.exists('hooks.txt') ? project.read('hooks.txt').split('\n').filter(Boolean) : []),
      (all) => all.length >= count,
    );
  await project.mustOrch(['up', '-d']);
  await hooks(1);
  // It hangs again, and the command waits for it without end; this test does not check that.
  const restart = project.orch(['restart', 'api']);
  expect(await hooks(2)).toEqual(['sleep 500', 'sleep 500']);
  project.edit('procs.yaml', yaml('true'));
  expect(await hooks(3)).toEqual(['sleep 500', 'sleep 500', 'true']);
  await project.mustOrch(['wait', '--timeout', '20s']);
  expect((await restart).exitCode).toBe(0);
  expect(instanceOf(await project.ps(), 'api.1')).toMatchObject({ state: 'ready', lastExit: null });
  await project.down();
});
