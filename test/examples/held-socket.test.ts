// examples/held-socket: a load generator sees no refused or dropped connection, whatever happens to the pool.
import { expect, test } from 'vitest';
import { createExampleProject, get } from '../rig/example.ts';
import type { Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const PORT = 18630;

/** Requests one after the other in `lanes` lanes until `stop`. */
function generateLoad(lanes: number) {
  const seen = { answered: 0, failed: [] as string[], by: new Set<string>() };
  let isOver = false;
  const lane = async (): Promise<void> => {
    while (!isOver) {
      try {
        const text = await (await fetch(`http://127.0.0.1:${PORT}/`, { headers: { connection: 'close' } })).text();
        seen.answered++;
        seen.by.add(text.split(' ')[0]!);
      } catch (error) {
        const { cause } = error as { cause?: { code?: string; message?: string } };
        seen.failed.push(cause?.code ?? cause?.message ?? String(error));
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

const ready = (project: Project, count: number) =>
  waitFor(
    `${count} ready`,
    project.ps,
    (status) =>
      status.services[0]!.ready === count && status.services[0]!.instances.length === count && status.converged,
    30_000,
  );

test('kills, a roll-out and scaling lose no connection', { timeout: 240_000 }, async () => {
  const project = createExampleProject('held-socket');
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
  expect(load.seen.failed.filter((code) => code === 'ECONNREFUSED')).toEqual([]);
  expect(load.seen.failed.length).toBeLessThanOrEqual(atMost);
  await ready(project, 4);
  const inFlight = load.seen.failed.length;
  await project.mustOrch(['restart', 'web']);
  project.edit('procs.yaml', project.read('procs.yaml').replace('[node, server.mjs]', '[node, server.mjs, v2]'));
  await ready(project, 4);
  // A version that does not even start: the roll-out stops, three of four go on serving.
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

  // Nobody there: the connection waits for whoever comes.
  await project.mustOrch(['stop', 'web']);
  await waitFor('nobody serves', project.ps, (status) => status.services[0]!.running === 0);
  const waiting = get(PORT, '/patient');
  await project.mustOrch(['start', 'web']);
  expect(await waiting).toMatch(/^web\.\d \d+ \/patient/);
  expect(await get(PORT + 1)).toMatch(/^report\.[12] /);
  await project.down();
  expect(await get(PORT)).toBeNull();
  expect(project.exists('report.sock')).toBe(false);
});
