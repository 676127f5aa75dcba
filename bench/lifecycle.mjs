// lifecycle: a crash in a large pool until the next process runs, and what probes cost the supervisor.
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { statOf, withProject } from './orch.mjs';

const TICKS_PER_SECOND = 100;
const FIRST_PORT = 26_000;
const SELF = new URL(import.meta.url).pathname;

export async function measure({ quick }) {
  const rows = [await measureCrash(quick ? 10 : 40)];
  const seconds = quick ? 5 : 15;
  const probes = [
    [100, 'every: 1s', 'tcp: "$' + '{PORT}"', 'liveness by tcp, 100 a second', '≤ 5 %'],
    [100, 'every: 1s', 'http: "http://127.0.0.1:$' + '{PORT}/"', 'liveness by http, 100 a second', '≤ 5 %'],
    [100, 'every: 1s', 'exec: ["true"]', 'liveness by exec, 100 a second', '≤ 5 %'],
    [100, 'every: 200ms', 'http: "http://127.0.0.1:$' + '{PORT}/"', 'liveness by http, 500 a second', '≤ 10 %'],
  ];
  for (const [pool, every, check, what, target] of probes) {
    const samples = [await supervisorShare(pool, `{ ${check}, ${every} }`, seconds)];
    rows.push({ what: `supervisor CPU, ${what}`, samples, unit: '%', target });
  }
  return rows;
}

/** From the kill until the supervisor saw the exec of the successor, by its own events (whole milliseconds). */
async function measureCrash(rounds) {
  const yaml = poolOf(100, 'restart: { policy: always, backoff: { initial: 0ms } }');
  return withProject(yaml, async (project) => {
    await project.run(['up', '-d', '--wait']);
    const incarnations = project.incarnations();
    await pause(1_500); // what the start has stirred up has to settle first
    const killed = [];
    for (let round = 1; round <= rounds; round++) {
      const id = `worker.${round}`;
      killed.push([id, Date.now()]);
      process.kill(Number(incarnations.get(id).split('@')[0]), 'SIGKILL');
      await pause(200);
    }
    const events = readFileSync(join(project.root, '.orch/events.jsonl'), 'utf8').trim().split('\n').map(JSON.parse);
    const started = (id) => events.findLast(({ instance, type }) => instance === id && type === 'started');
    const samples = killed.map(([id, atMs]) => Date.parse(started(id).time) - atMs);
    return { what: 'kill -9 → started, pool of 100', samples, unit: 'ms', target: '≤ 8 ms' };
  });
}

/** Somebody else answers for the instances, so that the machine is busy with probes only. */
async function supervisorShare(pool, liveness, seconds) {
  const servers = fork(SELF, [String(pool)]);
  await new Promise((resolve) => servers.once('message', resolve));
  try {
    return await withProject(poolOf(pool, `port: ${FIRST_PORT}\n    liveness: ${liveness}`), async (project) => {
      await project.run(['up', '-d', '--wait']);
      const { pid } = (await project.status()).supervisor;
      await pause(3_000);
      const before = statOf(pid).cpuTicks;
      await pause(seconds * 1_000);
      return ((statOf(pid).cpuTicks - before) / TICKS_PER_SECOND / seconds) * 100;
    });
  } finally {
    servers.kill();
  }
}

const poolOf = (count, more) =>
  `services:\n  worker:\n    command: [sleep, "100000"]\n    pool: ${count}\n    ${more}\n`;

async function serve(count) {
  const answer = (_, response) => response.end('fine\n');
  const listening = Array.from({ length: count }, (_, index) => {
    return new Promise((resolve) => createServer(answer).listen(FIRST_PORT + index, '127.0.0.1', resolve));
  });
  await Promise.all(listening);
  process.send('ready');
}

if (process.send && process.argv[1] === SELF) await serve(Number(process.argv[2]));
