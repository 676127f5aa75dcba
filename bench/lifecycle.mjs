// lifecycle: a crash in a large pool until the next process runs, and what probes cost the supervisor.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { statOf, withProject } from './orch.mjs';

const TICKS_PER_SECOND = 100;
const FIRST_PORT = 26_000;

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

/** Each instance answers for itself, by a small program, so that the machine is busy with probes only. */
async function supervisorShare(pool, liveness, seconds) {
  const yaml = poolOf(pool, `port: ${FIRST_PORT}\n    liveness: ${liveness}`, JSON.stringify(['perl', '-e', SERVER]));
  return withProject(yaml, async (project) => {
    await project.run(['up', '-d', '--wait']);
    const { pid } = (await project.status()).supervisor;
    await pause(3_000);
    const before = statOf(pid).cpuTicks;
    await pause(seconds * 1_000);
    return ((statOf(pid).cpuTicks - before) / TICKS_PER_SECOND / seconds) * 100;
  });
}

const SERVER = `use Socket; socket S, PF_INET, SOCK_STREAM, 0; setsockopt S, SOL_SOCKET, SO_REUSEADDR, 1;
bind S, sockaddr_in($ENV{PORT}, INADDR_LOOPBACK) or die; listen S, 64;
while (accept C, S) { sysread C, $_, 4096; syswrite C, qq(HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nfine\\n); close C }`;

const poolOf = (count, more, command = '[sleep, "100000"]') =>
  `services:\n  worker:\n    command: ${command.replaceAll('$', '$$$$')}\n    pool: ${count}\n    ${more}\n`;
