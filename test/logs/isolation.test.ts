// The whole of orch, with a log that takes nothing: restarts and the API of everybody else stay quick.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { type Client, connect } from '../../src/api/client.ts';
import { projectPaths } from '../../src/api/paths.ts';
import { createProject, type Project } from '../rig/project.ts';
import { findWriter, until } from './rig.ts';

const FLOOD = 'while :; do echo 0123456789012345678901234567890123456789012345678901234567890123456789; done';
const LIMIT_MS = 250;

let project: Project;
let cleanUp: () => void = () => undefined;
afterEach(async () => {
  await project.down();
  cleanUp();
  cleanUp = () => undefined;
});

function makeProject(): Project {
  return createProject({
    'procs.yaml': [
      'log_queues: { main: { path: stuck/main.log, capacity: 64KiB } }',
      'defaults: { log_queue: main, restart: { policy: always, backoff: { initial: 1ms } } }',
      'services:',
      `  flood: { command: "${FLOOD}" }`,
      '  other: { command: [sleep, "1000"] }',
    ].join('\n'),
  });
}

/** The longest answer of the API, and how long `other` was away, while it is killed again and again. */
async function measure(client: Client): Promise<{ slowestApiMs: number; slowestRestartMs: number }> {
  let slowestApiMs = 0;
  const status = async () => {
    const began = performance.now();
    const answer = await client.request('status', {});
    slowestApiMs = Math.max(slowestApiMs, performance.now() - began);
    return answer;
  };
  const pidOf = async () => (await status()).services.find(({ name }) => name === 'other')?.instances[0]?.pid ?? null;
  let slowestRestartMs = 0;
  for (let round = 0; round < 5; round += 1) {
    const pid = (await pidOf())!;
    const began = performance.now();
    process.kill(pid, 'SIGKILL');
    await until(async () => ![null, pid].includes(await pidOf()), 'it runs again');
    slowestRestartMs = Math.max(slowestRestartMs, performance.now() - began);
  }
  return { slowestApiMs, slowestRestartMs };
}

async function expectQuick(client: Client): Promise<void> {
  const { slowestApiMs, slowestRestartMs } = await measure(client);
  expect(slowestApiMs).toBeLessThan(LIMIT_MS);
  expect(slowestRestartMs).toBeLessThan(LIMIT_MS);
}

test('a file that takes nothing', async () => {
  project = makeProject();
  const path = project.path('stuck/main.log');
  mkdirSync(project.path('stuck'));
  execFileSync('mkfifo', [path]);
  const hold = openSync(path, 'r+');
  cleanUp = () => closeSync(hold);
  await project.up();
  const client = (await connect(projectPaths(project.root)))!;
  await until(
    async () => (await client.request('status', {})).logQueues[0]!.depthBytes >= 48 * 1024,
    'the queue is full',
  );
  await expectQuick(client);
  client.close();
});

test('a log writer that hangs', async () => {
  project = makeProject();
  await project.up();
  const client = (await connect(projectPaths(project.root)))!;
  await until(() => findWriter(project.root) !== null, 'the log writer runs');
  const writer = findWriter(project.root)!;
  process.kill(writer, 'SIGSTOP');
  cleanUp = () => process.kill(writer, 'SIGKILL');
  await expectQuick(client);
  process.kill(writer, 'SIGCONT');
  cleanUp = () => undefined;
  client.close();
});
