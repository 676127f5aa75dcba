// One service ends the whole project (`on_end`, `on_failure`), and `orch up` exits with its exit code.
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { cleanEnvironment, MAIN } from '../rig/orch.ts';
import { createProject, instanceOf } from '../rig/project.ts';
import { theSupervisor } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';
import { mayUnshare } from '../trust/namespaces.ts';

const SERVER = '  web: { command: [sleep, "1000"] }\n';
const shell = (script: string): string => JSON.stringify(['sh', '-c', script]);

test('up exits with the exit code of the service that ends all, and shows its output', async () => {
  const tests = `  tests: { command: ${shell('echo the last words; exit 3')}, restart: never, on_end: down }\n`;
  const project = createProject({ 'procs.yaml': `services:\n${SERVER}${tests}` });
  const up = await project.orch(['up', '--no-tui']);
  expect(up.exitCode).toBe(3);
  expect(up.stdout).toContain('the last words');
  expect(up.stderr + up.stdout).toContain('tests.1 ended with exit code 3');
  expect(project.processes()).toEqual([]);
  expect(project.exists('.orch/state.json')).toBe(false);
});

test('a completed service ends all with 0, and dependents stop first', async () => {
  const tests = `  tests: { command: ${shell('sleep 0.3')}, restart: never, on_end: down, depends_on: { web: started } }\n`;
  const project = createProject({ 'procs.yaml': `services:\n${SERVER}${tests}` });
  const up = await project.orch(['up', '--no-tui']);
  expect(up.exitCode).toBe(0);
  expect(project.processes()).toEqual([]);
});

test('on_failure ends all once the restart limit is reached, not by a crash before or by exit 0', async () => {
  const text = (script: string): string =>
    `services:\n${SERVER}  worker: { command: ${shell(script)}, on_failure: down, restart: { backoff: { initial: 10ms }, limit: { count: 2, within: 1m } } }\n`;
  const project = createProject({ 'procs.yaml': text('true') });
  await project.up();
  expect(instanceOf(await project.ps(), 'worker.1').state).toBe('completed');
  project.edit('procs.yaml', text('echo run >> runs; kill -9 $$$$'));
  await waitFor('all is gone', project.processes, (left) => left.length === 0);
  expect(project.read('runs').trim().split('\n')).toHaveLength(3);
  expect(project.read('.orch/events.jsonl')).toContain('"exitCode":137');
});

test('a program that ended before the edit ends nothing, its next end does', async () => {
  const text = (more: string): string =>
    `services:\n${SERVER}  tests: { command: ${shell('exit 4')}, restart: never${more} }\n`;
  const project = createProject({ 'procs.yaml': text('') });
  await project.mustOrch(['up', '-d']);
  expect((await project.orch(['wait', 'tests'])).exitCode).toBe(4);
  const { generation } = await project.ps();
  project.edit('procs.yaml', text(', on_end: down'));
  await waitFor('the edit holds', project.ps, (status) => status.generation > generation);
  expect((await project.ps()).services).toHaveLength(2);
  await project.orch(['start', 'tests']);
  await waitFor('all is gone', project.processes, (left) => left.length === 0);
});

test('an instance that a command stops ends nothing', async () => {
  const project = createProject({
    'procs.yaml': `services:\n${SERVER}  one: { command: [sleep, "1000"], on_end: down }\n`,
  });
  await project.up();
  await project.mustOrch(['stop', 'one']);
  await project.mustOrch(['restart', 'one', '--wait']);
  expect(instanceOf(await project.ps(), 'one.1').state).toBe('ready');
  await project.down();
});

test('a supervisor that is killed while all stops: the next one finishes', async () => {
  const slow = `  slow: { command: [node, PROGRAMS/stops-slowly.mjs, "600"] }\n`;
  const tests = `  tests: { command: ${shell('while [ ! -e end ]; do sleep 0.02; done; exit 5')}, restart: never, on_end: down }\n`;
  const project = createProject({ 'procs.yaml': `services:\n${slow}${tests}` }, { env: { ORCH_RESPAWN: '0' } });
  await project.up();
  await waitFor(
    'it is set up',
    async () => (await project.mustOrch(['logs'])).stdout,
    (seen) => seen.includes('ready'),
  );
  project.write('end', '');
  await waitFor(
    'it stops',
    () => project.read('.orch/events.jsonl'),
    (text) => text.includes('going_down'),
  );
  process.kill(theSupervisor(project).pid, 'SIGKILL');
  const up = await project.orch(['up', '-d', '--wait']);
  expect(up.exitCode).toBe(5);
  await waitFor('all is gone', project.processes, (left) => left.length === 0);
});

test('up --exit-code-from stops everything once the tests have ended', async () => {
  const tests = `  tests: { command: ${shell('exit 7')}, restart: never, depends_on: { web: ready } }\n`;
  const project = createProject({
    'procs.yaml': `services:\n${SERVER}${tests}  other: { command: [sleep, "1000"] }\n`,
  });
  const up = await project.orch(['up', 'tests', '--exit-code-from', 'tests']);
  expect(up.exitCode).toBe(7);
  expect(up.stdout + up.stderr).not.toContain('other.1');
  expect(project.processes()).toEqual([]);
  expect((await project.orch(['up', '--exit-code-from', 'testz'])).stderr).toContain('did you mean "tests"?');
  expect((await project.orch(['up', '-d', '--exit-code-from', 'tests'])).exitCode).toBe(2);
});

test('wait ends with the exit code of a task, with 1 where it cannot end', async () => {
  const tests = `  tests: { command: ${shell('while [ ! -e end ]; do sleep 0.02; done; kill -TERM $$$$')}, restart: never }\n`;
  const project = createProject({
    'procs.yaml': `services:\n  web: { command: [sleep, "1000"], restart: always }\n${tests}`,
  });
  await project.up();
  const waiting = project.orch(['wait', 'tests', '--json']);
  await pause(200); // it must not answer before the end
  project.write('end', '');
  const waited = await waiting;
  expect(waited.exitCode).toBe(143);
  expect(JSON.parse(waited.stdout)).toMatchObject({ exitCode: 143 });
  const never = await project.orch(['wait', '--for', 'ended', 'web']);
  expect(never.exitCode).toBe(1);
  expect(never.stderr).toContain('web.1 is always restarted');
  expect((await project.orch(['wait', '--for', 'converged', 'tests'])).exitCode).toBe(1);
  await project.down();
});

test('up -d --wait exits with the exit code of the service that ends all meanwhile', async () => {
  const tests = `  tests: { command: ${shell('sleep 0.3; exit 6')}, restart: never, on_failure: down, ready_after: 5s }\n`;
  const project = createProject({ 'procs.yaml': `services:\n${SERVER}${tests}` });
  const up = await project.orch(['up', '-d', '--wait']);
  expect(up.exitCode).toBe(6);
  await waitFor('all is gone', project.processes, (left) => left.length === 0);
});

test.skipIf(!mayUnshare)('as process 1 of a container, up ends once an instance was given up', async () => {
  const bad = `  bad: { command: ${shell('sleep 0.2; exit 9')}, restart: never }\n`;
  const project = createProject({ 'procs.yaml': `services:\n${SERVER}${bad}` });
  const args = ['-mpf', '--kill-child', '--mount-proc', process.execPath, MAIN, 'up', '--no-tui'];
  const env = { ...cleanEnvironment(), ...project.env };
  const up = await execa('unshare', args, { cwd: project.root, env, extendEnv: false, reject: false });
  expect(up.exitCode).toBe(9);
});
