// The whole of orch, with a log that takes nothing: restarts, probes and the API stay quick for everything else.
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
      'defaults: { log_queue: main, restart: { policy: always, backoff: { initial: 1ms, factor: 1 } } }',
      'services:',
      `  flood: { command: "${FLOOD}" }`,
      '  other: { command: [sleep, "1000"], readiness: { exec: ["true"], every: 50ms } }',
    ].join('\n'),
  });
}

type Delays = { apiMs: number; restartMs: number };

const ROUNDS = 7;
const median = (samples: number[]) => samples.sort((a, b) => a - b)[samples.length >> 1]!;
const statusOf = (client: Client) => client.request('status', {});

/** Medians: how long an answer of the API takes, and how long `other` is not ready, by its probe, when it is killed. */
async function measure(client: Client): Promise<Delays> {
  const answers: number[] = [];
  const restarts: number[] = [];
  const readyPid = async () => {
    const began = performance.now();
    const { services } = await statusOf(client);
    answers.push(performance.now() - began);
    const other = services.find(({ name }) => name === 'other')?.instances[0];
    return other?.state === 'ready' ? other.pid : null;
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    await until(async () => (await readyPid()) !== null, 'it is ready');
    const pid = (await readyPid())!;
    const began = performance.now();
    process.kill(pid, 'SIGKILL');
    await until(async () => ![null, pid].includes(await readyPid()), 'it is ready again');
    restarts.push(performance.now() - began);
  }
  return { apiMs: median(answers), restartMs: median(restarts) };
}

/** Compared with a run without a flood: other load on the machine must not matter. */
async function expectQuick(client: Client, quiet: Delays): Promise<Delays> {
  const { apiMs, restartMs } = await measure(client);
  expect(apiMs - quiet.apiMs).toBeLessThan(LIMIT_MS);
  expect(restartMs - quiet.restartMs).toBeLessThan(LIMIT_MS);
  return { apiMs, restartMs };
}

async function begin(): Promise<{ client: Client; quiet: Delays }> {
  await project.up();
  const client = (await connect(projectPaths(project.root)))!;
  await client.request('stop', { names: ['flood'] });
  const quiet = await measure(client);
  await client.request('start', { names: ['flood'] });
  return { client, quiet };
}

test('a file that takes nothing', async () => {
  project = makeProject();
  const path = project.path('stuck/main.log');
  mkdirSync(project.path('stuck'));
  execFileSync('mkfifo', [path]);
  const hold = openSync(path, 'r+');
  cleanUp = () => closeSync(hold);
  const { client, quiet } = await begin();
  await until(async () => (await statusOf(client)).logQueues[0]!.depthBytes >= 48 * 1024, 'the queue is full');
  await expectQuick(client, quiet);
  client.close();
});

test('a log writer that hangs', async () => {
  project = makeProject();
  const { client, quiet } = await begin();
  const writer = findWriter(project.root)!;
  process.kill(writer, 'SIGSTOP');
  const { apiMs } = await expectQuick(client, quiet);
  expect(apiMs - quiet.apiMs).toBeLessThan(50); // only the first request waits for the writer
  process.kill(writer, 'SIGCONT');
  client.close();
});
