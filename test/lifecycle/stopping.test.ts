// The ways to an end, with real processes: drains, further signals, stop commands, the main process alone.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { freePorts } from '../rig/free-ports.ts';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { linesOf } from '../rig/records.ts';
import { waitFor } from '../rig/wait-for.ts';
import { PROGRAMS } from './procs.ts';

const ENDS = `node, ${PROGRAMS}tells-its-end.mjs`;

async function storyOf(service: string): Promise<{ story: string[]; project: Project; downMs: number }> {
  const project = createProject({ 'procs.yaml': `services:\n  a: { ${service} }\n` });
  await project.up();
  await waitFor(
    'it is up',
    () => project.exists('story.txt'),
    (isUp) => isUp,
  );
  const beginMs = performance.now();
  await project.down();
  const downMs = performance.now() - beginMs;
  expect(project.processes()).toEqual([]);
  return { story: linesOf(project.path('story.txt')).map((line) => line.replace(/^a\.1 /, '')), project, downMs };
}

test('a stop sends the further signals before SIGKILL', async () => {
  const stop = '{ grace: 5s, escalate: [{ signal: SIGINT, after: 100ms }, { signal: SIGQUIT, after: 100ms }] }';
  const { story, downMs } = await storyOf(`command: [${ENDS}, --ends-on, SIGQUIT], stop: ${stop}`);
  expect(story).toEqual(['up', 'SIGTERM', 'SIGINT', 'SIGQUIT']);
  expect(downMs).toBeLessThan(4_000);
});

test('SIGKILL comes after the grace period, counted from the first signal', async () => {
  const stop = '{ grace: 600ms, escalate: [{ signal: SIGINT, after: 300ms }] }';
  const { story, downMs } = await storyOf(`command: [${ENDS}, --ends-on, none], stop: ${stop}`);
  expect(story).toEqual(['up', 'SIGTERM', 'SIGINT']);
  expect(downMs).toBeGreaterThan(600);
  expect(downMs).toBeLessThan(3_000);
});

test('a drain by signal ends when the process exits', async () => {
  const stop = '{ drain: { signal: SIGUSR1, timeout: 30s } }';
  const { story, downMs } = await storyOf(`command: [${ENDS}, --ends-on, SIGUSR1], stop: ${stop}`);
  expect(story).toEqual(['up', 'SIGUSR1']);
  expect(downMs).toBeLessThan(4_000);
});

test('a drain that takes too long ends at its timeout', async () => {
  const stop = '{ drain: { signal: SIGUSR1, timeout: 300ms } }';
  const { story, downMs, project } = await storyOf(`command: [${ENDS}], stop: ${stop}`);
  expect(story).toEqual(['up', 'SIGUSR1', 'SIGTERM']);
  expect(downMs).toBeGreaterThan(300);
  expect(readFileSync(project.path('.orch/events.jsonl'), 'utf8')).toContain('a.1 did not drain within 300 ms');
});

test('a drain by HTTP ends with its answer', async () => {
  const stop = '{ drain: { http: "http://127.0.0.1:$' + '{PORT}/drain", timeout: 30s } }';
  const { story, project } = await storyOf(
    `command: [${ENDS}, --drains-in, "200"], port: ${await freePorts()}, stop: ${stop}`,
  );
  expect(story).toEqual(['up', 'POST /drain', 'drained', 'SIGTERM']);
  expect(readFileSync(project.path('.orch/events.jsonl'), 'utf8')).not.toContain('did not drain');
});

test('a drain by a command sees the instance, its pid included', async () => {
  const exec = `exec: 'echo "drains $ORCH_INSTANCE_ID $(tr "\\0" " " </proc/$ORCH_PID/cmdline | cut -c1-4)" >>story.txt'`;
  const { story } = await storyOf(`command: [${ENDS}], stop: { drain: { ${exec} } }`);
  expect(story).toEqual(['up', 'drains a.1 node', 'SIGTERM']);
});

test('a failed drain is reported and delays nothing', async () => {
  const project = createProject({
    'procs.yaml': `services:\n  a: { command: [${ENDS}], stop: { drain: { http: "http://127.0.0.1:9/drain" } } }\n`,
  });
  await project.up();
  await project.mustOrch(['stop', 'a']);
  const failed = (await project.events()).find(({ type }) => type === 'drain_failed');
  expect(failed?.message).toBe('a.1 did not drain: connection refused');
  await project.down();
});

test('a stop command runs instead of the signal; where it fails the signal is sent', async () => {
  const good = await storyOf(`command: [${ENDS}, --ends-on, SIGUSR2], stop: { command: "kill -USR2 $ORCH_PID" }`);
  expect(good.story).toEqual(['up', 'SIGUSR2']);
  const bad = await storyOf(`command: [${ENDS}], stop: { command: [sh, -c, "echo no such door >&2; exit 3"] }`);
  expect(bad.story).toEqual(['up', 'SIGTERM']);
});

test('a process that outlives its stop command gets the signal within the grace period', async () => {
  const { story, downMs } = await storyOf(`command: [${ENDS}], stop: { command: 'true', grace: 3s }`);
  expect(story).toEqual(['up', 'SIGTERM']);
  expect(downMs).toBeGreaterThan(1_200);
  expect(downMs).toBeLessThan(2_900);
});

test('to: main does not signal children while the main process lives', async () => {
  const child = `node ${PROGRAMS}tells-its-end.mjs`;
  const main = `trap 'echo main SIGTERM >>story.txt; sleep 0.3; exit 0' TERM; ${child} & while :; do sleep 0.05; done`;
  const project = createProject({
    'procs.yaml': `services:\n  a:\n    command: [sh, -c, "${main}"]\n    stop: { to: main, grace: 20s }\n`,
  });
  await project.up();
  await waitFor(
    'the child is up',
    () => project.exists('story.txt'),
    (isUp) => isUp,
  );
  const beginMs = performance.now();
  await project.down();
  expect(performance.now() - beginMs).toBeLessThan(5_000);
  expect(linesOf(project.path('story.txt'))).toEqual(['a.1 up', 'main SIGTERM', 'a.1 SIGTERM']);
});

test('scaling down drains only the instances that go', async () => {
  const port = await freePorts(3);
  const yaml = (pool: number) =>
    `services:\n  a: { command: [${ENDS}], pool: ${pool}, port: ${port}, stop: { drain: { http: "http://127.0.0.1:$` +
    '{PORT}/drain" } } }\n';
  const project = createProject({ 'procs.yaml': yaml(3) });
  await project.up();
  await waitFor(
    'all are up',
    () => linesOf(project.path('story.txt')).length,
    (count) => count === 3,
  );
  project.edit('procs.yaml', yaml(1));
  await waitFor('two are gone', project.ps, (status) => status.converged && status.services[0]!.running === 1);
  const drained = linesOf(project.path('story.txt')).filter((line) => line.endsWith('POST /drain'));
  expect(drained.sort()).toEqual(['a.2 POST /drain', 'a.3 POST /drain']);
  await project.down();
});

test('a task that is restarted while its leftovers are being ended runs again', async () => {
  const leaves = `'echo run >> runs.txt; trap "" TERM; (while [ ! -e go ]; do sleep 0.1; done) & exit 0'`;
  const project = createProject({
    'procs.yaml': `services:\n  job: { command: ${leaves}, restart: never, stop: { grace: 1m } }\n`,
  });
  await project.mustOrch(['up', '-d']);
  await waitFor('it clears', project.ps, (status) => instanceOf(status, 'job.1').state === 'stopping');
  const restart = project.mustOrch(['restart', 'job']);
  // Nothing shows that the request has come; a later client has its answer after it but on a very busy machine.
  await project.ps();
  project.write('go', '');
  await restart;
  expect(linesOf(project.path('runs.txt'))).toEqual(['run', 'run']);
  await project.mustOrch(['wait', '--timeout', '20s']);
  await project.down();
});

const STUBBORN = `services:
  api: { command: 'trap "" TERM; echo up >> ups.txt; while :; do sleep 0.1; done', stop: { grace: 3s } }
`;

test('a stop command ends with a message when the service is started again meanwhile', async () => {
  const project = createProject({ 'procs.yaml': STUBBORN });
  await project.up();
  await waitFor(
    'it ignores SIGTERM',
    () => project.exists('ups.txt'),
    (isUp) => isUp,
  );
  const stop = project.orch(['stop', 'api']);
  await waitFor('it is being stopped', project.ps, (status) => instanceOf(status, 'api.1').state === 'stopping');
  const start = project.mustOrch(['start', 'api']);
  const { exitCode, stderr } = await stop;
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('api.1 was started again'),
  });
  await start;
  expect(instanceOf(await project.ps(), 'api.1').state).toBe('ready');
  await project.down();
});

test('a stop command ends at its --timeout while the service continues to stop', async () => {
  const project = createProject({ 'procs.yaml': STUBBORN });
  await project.up();
  await waitFor(
    'it ignores SIGTERM',
    () => project.exists('ups.txt'),
    (isUp) => isUp,
  );
  const { exitCode, stderr } = await project.orch(['stop', 'api', '--timeout', '200ms']);
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('not stopped in time: api.1'),
  });
  expect(instanceOf(await project.ps(), 'api.1').state).toBe('stopping');
  await project.mustOrch(['stop', 'api']);
  expect(project.instances()).toEqual([]);
  await project.down();
});
