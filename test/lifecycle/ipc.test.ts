// Programs that were written for pm2: they say `ready` and are asked to stop by messages of Node's IPC.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { freePorts } from '../rig/free-ports.ts';
import { readStat } from '../rig/processes.ts';
import { createProject, incarnations, instanceOf, type Project } from '../rig/project.ts';
import { holdsFor, waitFor } from '../rig/wait-for.ts';
import { PROGRAMS } from './procs.ts';

const APP = `${PROGRAMS}written-for-pm2.mjs`;
const yaml = (more = '', command = `[node, ${APP}]`): string => `
services:
  api:
    command: ${command}
    pool: 2
    readiness: { ipc: ready }
    stop: { message: shutdown, grace: 5s }
    ${more}
`;
const readyIn = (project: Project, ready: number) =>
  waitFor(`${ready} are ready`, project.ps, (status) => status.services[0]!.ready === ready);
const notesOf = (project: Project, index = 1): string[] =>
  existsSync(project.path(`notes.${index}`)) ? project.read(`notes.${index}`).trim().split('\n') : [];
const keepersOf = (project: Project) => project.processes().filter(({ command }) => command.includes('channel-keeper'));
const typesOf = async (project: Project): Promise<string[]> => (await project.events()).map(({ type }) => type);
const killSupervisor = async (project: Project): Promise<void> =>
  void process.kill((await project.ps()).supervisor.pid, 'SIGKILL');

describe.each(['posix_spawn', 'fork'])('by %s:', (way) => {
  test('each instance is ready when its message comes, and ends by itself on the stop message', async () => {
    const project = createProject({ 'procs.yaml': yaml() }, { env: { ORCH_SPAWN: way } });
    await project.mustOrch(['up', '-d']);
    const status = await waitFor('it says why', project.ps, (seen) =>
      /not ready yet: it has not sent the message "ready" yet/.test(instanceOf(seen, 'api.1').reason ?? ''),
    );
    expect(instanceOf(status, 'api.2').state).toBe('running');
    project.write('go', '');
    await readyIn(project, 2);
    await project.mustOrch(['stop', 'api.1']);
    expect(notesOf(project)).toEqual(['ready', 'message "shutdown"']);
    expect(instanceOf(await project.ps(), 'api.1').lastExit).toMatchObject({ code: 0 });
    expect(notesOf(project, 2)).toEqual(['ready']);
    await project.down();
    expect(notesOf(project, 2)).toEqual(['ready', 'message "shutdown"']);
    expect(keepersOf(project)).toEqual([]);
  });
});

test('no program sees its channel end when the supervisor is killed, and the next one can use it', async () => {
  const project = createProject({ 'procs.yaml': yaml() });
  project.write('go', '');
  await project.up();
  const before = incarnations(project.instances());
  for (let time = 1; time <= 3; time++) {
    await killSupervisor(project);
    await project.up();
    expect((await project.ps()).services[0]).toMatchObject({ ready: 2 });
  }
  await project.mustOrch(['upgrade']);
  expect(incarnations(project.instances())).toEqual(before);
  expect(keepersOf(project)).toHaveLength(1);
  await project.mustOrch(['restart', 'api.1', '--wait']);
  expect(notesOf(project)).toEqual(['ready', 'message "shutdown"', 'ready']);
  await project.down();
  expect(notesOf(project, 2)).toEqual(['ready', 'message "shutdown"']);
});

test.each([
  ['keeps its channel', ''],
  ['closes its channel', 'env: { CLOSES: "1" }'],
])('a message that comes while no supervisor runs reaches the next one: the program %s', async (_, more) => {
  const project = createProject({ 'procs.yaml': yaml(more) }, { env: { ORCH_RESPAWN: '0' } });
  await project.mustOrch(['up', '-d']);
  await waitFor('both run', project.ps, (status) => status.services[0]!.running === 2);
  await killSupervisor(project);
  project.write('go', '');
  await waitFor(
    'both have told',
    () => [notesOf(project, 1), notesOf(project, 2)],
    (notes) => notes.every(([first]) => first === 'ready'),
  );
  await project.up();
  expect((await project.ps()).services[0]).toMatchObject({ ready: 2 });
  await project.down();
});

test.each([
  ['the signals of `escalate`', 'escalate: [{ signal: SIGINT, after: 300ms }]', 'SIGINT', { code: 0 }],
  ['SIGKILL after the grace period', '', null, { signal: 'SIGKILL' }],
])('a program that ignores the message gets %s', async (_, escalate, noted, exit) => {
  const stop = `env: { DEAF: "1" }\n    stop: { message: shutdown, grace: 1s, ${escalate} }`;
  const project = createProject({ 'procs.yaml': yaml(stop).replace(/^ *stop: .* 5s.*$/m, '') });
  project.write('go', '');
  await project.up();
  const sinceMs = performance.now();
  await project.mustOrch(['stop', 'api.1']);
  expect(performance.now() - sinceMs).toBeGreaterThan(noted === null ? 1_000 : 300);
  expect(instanceOf(await project.ps(), 'api.1').lastExit).toMatchObject(exit);
  expect(notesOf(project)).toEqual(['ready', 'message "shutdown"', ...(noted === null ? [] : [noted])]);
  await project.down();
});

test('a program that closed its channel, or lost it, is stopped by the signal, at once', async () => {
  const project = createProject({ 'procs.yaml': yaml('env: { CLOSES: "1" }') });
  project.write('go', '');
  await project.up();
  await project.mustOrch(['stop', 'api.1']);
  expect(notesOf(project)).toEqual(['ready', 'SIGTERM']);
  const failed = (await project.events()).find(({ type }) => type === 'stop_message_failed');
  expect(failed!.message).toBe(
    'the message "shutdown" cannot reach api.1: its IPC channel is closed; SIGTERM is sent instead',
  );
  await project.down();
});

test('the loss of the keeper is reported; what starts afterwards has a channel again', async () => {
  const project = createProject({ 'procs.yaml': yaml('env: { CLOSES: "1" }') });
  project.write('go', '');
  await project.up();
  process.kill(keepersOf(project)[0]!.pid, 'SIGKILL');
  await waitFor(
    'it is reported',
    () => typesOf(project),
    (types) => types.includes('ipc_channels_lost'),
  );
  await holdsFor('all stay ready', project.ps, (status) => status.services[0]!.ready === 2, 300);
  await project.mustOrch(['restart', 'api.1', '--wait']);
  expect(notesOf(project)).toEqual(['ready', 'SIGTERM', 'ready']);
  await project.down();
});

test('a program that never says `ready` is restarted where the probe says so', async () => {
  const probe = 'readiness: { ipc: ready, every: 100ms, failures: 3, on_failure: restart }';
  const project = createProject({ 'procs.yaml': yaml().replace('readiness: { ipc: ready }', probe) });
  await project.mustOrch(['up', '-d']);
  await waitFor('it is restarted', project.ps, (status) => instanceOf(status, 'api.1').restarts > 0);
  const unhealthy = (await project.events()).find(({ type }) => type === 'became_unhealthy');
  expect(unhealthy!.message).toMatch(/readiness probe failed: it has not sent the message "ready" yet/);
  await project.down();
});

test('a roll-out waits for the message of each new instance', async () => {
  const project = createProject({ 'procs.yaml': yaml('rollout: { deadline: 1s }') });
  project.write('go', '');
  await project.up();
  const before = incarnations(project.instances());
  project.edit(
    'procs.yaml',
    `${yaml('rollout: { deadline: 1s }').replace('ipc: ready', 'ipc: warm')}    env: { V: "2" }\n`,
  );
  await waitFor(
    'it is paused',
    () => typesOf(project),
    (types) => types.includes('rollout_paused'),
  );
  expect(incarnations(project.instances())['api.2']).toBe(before['api.2']);
  project.edit('procs.yaml', `${yaml('rollout: { deadline: 20s }')}    env: { V: "3" }\n`);
  await waitFor(
    'it is finished',
    () => typesOf(project),
    (types) => types.includes('rollout_finished'),
  );
  await readyIn(project, 2);
  await project.down();
});

test('an edit of the words applies at once: what runs without a channel is stopped by the signal', async () => {
  const plain = yaml().replace('readiness: { ipc: ready }', '').replace('message: shutdown, ', '');
  const without = plain.replace(`[node, ${APP}]`, '[sleep, "1000"]');
  const project = createProject({ 'procs.yaml': without });
  await project.up();
  const before = incarnations(project.instances());
  const words = 'readiness: { ipc: ready }\n    stop: { message: shutdown, grace: 5s }';
  project.edit('procs.yaml', without.replace('stop: { grace: 5s }', words));
  await waitFor('it is applied', project.ps, (status) => status.generation === 2);
  expect((await project.ps()).services[0]).toMatchObject({ ready: 2 });
  expect(incarnations(project.instances())).toEqual(before);
  await project.down();
  expect(await typesOf(project)).toContain('stop_message_failed');
});

test('a flood of messages costs neither memory nor the readiness of others', async () => {
  const flood = `  flood: { command: [node, ${PROGRAMS}floods-channel.mjs], readiness: { ipc: ready }, stop: { message: end } }\n`;
  const project = createProject({ 'procs.yaml': yaml() + flood });
  project.write('go', '');
  await project.up();
  await waitFor(
    'it is named',
    () => typesOf(project),
    (types) => types.includes('ipc_message_ignored'),
  );
  const [keeper] = keepersOf(project);
  const rssBytes = () => readStat(keeper!.pid)!.rssPages * 4_096;
  await holdsFor('the keeper stays small', rssBytes, (bytes) => bytes < 150e6, 2_000);
  await project.mustOrch(['restart', 'api.1', '--wait']);
  expect((await typesOf(project)).filter((type) => type === 'ipc_message_ignored')).toHaveLength(1);
  await project.down();
});

test('the channel comes after the sockets that orch holds, and passes through shells', async () => {
  const [port] = [await freePorts(1)];
  const more = `listen: ["127.0.0.1:${port}"]\n    exit_record: true\n    limits: { nofile: 500 }`;
  const line = `echo $NODE_CHANNEL_FD $LISTEN_FDS >fds; node ${APP}; exit $?`;
  const project = createProject({ 'procs.yaml': yaml(more, JSON.stringify(line)) });
  project.write('go', '');
  await project.up();
  expect(readFileSync(project.path('fds'), 'utf8').trim()).toBe('4 1');
  await project.mustOrch(['stop', 'api.1']);
  expect(notesOf(project)).toEqual(['ready', 'message "shutdown"']);
  expect(instanceOf(await project.ps(), 'api.1').lastExit).toMatchObject({ code: 0 });
  await project.down();
});

test('a program of `orch run` may send messages, too', async () => {
  const project = createProject({
    'procs.yaml': yaml('', `[node, -e, "process.send('ready', () => process.exit(5))"]`),
  });
  const { exitCode, stderr } = await project.orch(['run', 'api']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 5, stderr: '' });
});
