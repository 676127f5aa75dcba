// examples/held-socket: a load generator sees no refused or dropped connection, whatever happens to the pool.
import { request } from 'node:http';
import { expect, test } from 'vitest';
import { createExampleProject, get } from '../rig/example.ts';
import { freePorts } from '../rig/free-ports.ts';
import type { Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const PORT = await freePorts(2);

/** Requests one after the other in `lanes` lanes until `stop`; `failed` says what became of those without an answer. */
function generateLoad(lanes: number) {
  const seen = { answered: 0, failed: [] as string[], by: new Set<string>() };
  let isOver = false;
  const lane = async (): Promise<void> => {
    while (!isOver) {
      const { text, failure } = await ask();
      if (failure !== null) seen.failed.push(failure);
      else {
        seen.answered++;
        seen.by.add(text.split(' ')[0]!);
      }
    }
  };
  const running = Promise.all(Array.from({ length: lanes }, lane));
  const stop = async (): Promise<void> => {
    isOver = true;
    await running;
  };
  return { seen, stop };
}

/** A connection for each request. (`fetch` now and then forgets a request whose server was killed.) */
function ask(): Promise<{ text: string; failure: string | null }> {
  return new Promise((resolve) => {
    let text = '';
    const asked = request({ host: '127.0.0.1', port: PORT, agent: false, timeout: 10_000 }, (response) => {
      response.setEncoding('utf8');
      response.on('data', (more: string) => {
        text += more;
      });
      response.on('error', (error) => asked.destroy(error));
      response.on('end', () => resolve({ text, failure: null }));
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer within 10 s')));
    asked.on('error', ({ message }) => resolve({ text, failure: message }));
    asked.end();
  });
}

const ready = (project: Project, count: number) =>
  waitFor(
    `${count} ready`,
    project.ps,
    (status) =>
      status.services[0]!.ready === count && status.services[0]!.instances.length === count && status.converged,
    30_000,
  );

test('kills, a roll-out and scaling lose no connection', { timeout: 240_000 }, async () => {
  const project = createExampleProject('held-socket', { 18630: PORT, 18631: PORT + 1 });
  // Killed again and again on purpose: the pauses in between are not what is looked at.
  const restart = 'restart: { policy: always, backoff: { initial: 10ms, max: 50ms } }';
  project.write('procs.yaml', project.read('procs.yaml').replace('    pool: 4', `    ${restart}\n    pool: 4`));
  await project.up();
  const load = generateLoad(4);
  // In flight when its process is killed: at most one request in each lane. Anything else may not fail.
  let atMost = 0;
  for (let kill = 0; kill < 20; kill++) {
    const before = load.seen.failed.length;
    const victim = project.instances().find(({ instance }) => instance === `web.${(kill % 4) + 1}`);
    if (!victim) continue;
    process.kill(victim.pid, 'SIGKILL');
    await waitFor(
      `kill ${kill} is over`,
      () => project.instances().find(({ instance, pid }) => instance === `web.${(kill % 4) + 1}` && pid !== victim.pid),
      (again) => again !== undefined,
      15_000,
    );
    atMost += 4;
    expect(load.seen.failed.length - before).toBeLessThanOrEqual(4);
  }
  expect(load.seen.failed.filter((failure) => failure.includes('ECONNREFUSED'))).toEqual([]);
  expect(load.seen.failed.length).toBeLessThanOrEqual(atMost);
  await ready(project, 4);
  const inFlight = load.seen.failed.length;
  await project.mustOrch(['restart', 'web']);
  project.edit('procs.yaml', project.read('procs.yaml').replace('[node, server.mjs]', '[node, server.mjs, v2]'));
  await ready(project, 4);
  // A version that does not even start: the roll-out stops, three of four keep serving.
  const good = project.read('procs.yaml');
  project.edit('procs.yaml', good.replace('server.mjs, v2', 'missing.mjs'));
  await waitFor(
    'the broken one gave up once',
    project.ps,
    (status) => status.services[0]!.instances.some(({ state }) => state === 'backoff'),
    15_000,
  );
  for (let look = 0; look < 5; look++) expect((await project.ps()).services[0]!.ready).toBeGreaterThanOrEqual(3);
  project.edit('procs.yaml', good);
  await ready(project, 4);
  for (const size of [8, 2]) {
    await project.mustOrch(['scale', `web=${size}`]);
    await ready(project, size);
  }
  const soFar = load.seen.answered;
  await waitFor(
    'more answers',
    () => load.seen.answered,
    (answered) => answered > soFar + 20,
  );
  await load.stop();
  expect(load.seen.failed.slice(inFlight)).toEqual([]);
  expect(load.seen.by.size).toBeGreaterThan(4);

  // No instance runs: the connection waits for the next one.
  await project.mustOrch(['stop', 'web']);
  await waitFor('no instance serves', project.ps, (status) => status.services[0]!.running === 0);
  const waiting = get(PORT, '/patient');
  await project.mustOrch(['start', 'web']);
  expect(await waiting).toMatch(/^web\.\d \d+ \/patient/);
  expect(await get(PORT + 1)).toMatch(/^report\.[12] /);
  await project.down();
  expect(await get(PORT)).toBeNull();
  expect(project.exists('report.sock')).toBe(false);
});
