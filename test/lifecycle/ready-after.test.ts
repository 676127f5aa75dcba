// Ready is earned (I19): an instance without a probe is ready once it has lived for `ready_after`, and what cannot come is
// reported instead of waited for.
import { describe, expect, test } from 'vitest';
import type { Status } from '../../src/api/protocol.ts';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const project = (services: string, more: Record<string, string> = {}): Project =>
  createProject({ 'procs.yaml': `services:\n${services}`, ...more }, { readyAfter: true });

const LIMIT = ['--timeout', '20s'];
const stateOf = async ({ ps }: Project, id: string): Promise<string> => instanceOf(await ps(), id).state;
const degradedOf = ({ degraded = [] }: Status): string[] => degraded.map(({ instance }) => instance);

describe('without a probe', () => {
  test('an instance runs, and is ready once it has lived for ready_after', async () => {
    const { mustOrch, ps, events, ...rest } = project('  web: { command: [sleep, "1000"], ready_after: 4s }\n');
    await mustOrch(['up', '-d']);
    await waitFor('it runs', ps, (status) => instanceOf(status, 'web.1').pid !== null);
    const status = await ps();
    expect(instanceOf(status, 'web.1').state).toBe('running');
    expect([status.converged, status.degraded]).toEqual([false, []]);
    await mustOrch(['wait', ...LIMIT]);
    expect(await stateOf({ ps, ...rest } as Project, 'web.1')).toBe('ready');
    const ready = (await events()).find(({ type }) => type === 'became_ready');
    expect(ready?.details.afterMs).toBeGreaterThanOrEqual(4_000);
    expect(ready?.details.afterMs).toBeLessThan(5_000);
  });

  test('0s makes it ready at once, and the key is changed in place', async () => {
    const { mustOrch, edit, ps, processes } = project('  web: { command: [sleep, "1000"], ready_after: 1h }\n');
    await mustOrch(['up', '-d']);
    await waitFor('it runs', ps, (status) => instanceOf(status, 'web.1').state === 'running');
    const before = (await ps()).services[0]!.instances[0]!.pid;
    edit('procs.yaml', 'services:\n  web: { command: [sleep, "1000"], ready_after: 0s }\n');
    await mustOrch(['wait', ...LIMIT]);
    expect(instanceOf(await ps(), 'web.1')).toMatchObject({ state: 'ready', pid: before, restarts: 0 });
    expect(processes().length).toBeGreaterThan(0);
  });

  test('a dependent that waits for ready starts only then; one that waits for started does not wait', async () => {
    const { mustOrch, events } = project(
      [
        '  db: { command: [sleep, "1000"] }',
        '  api: { command: [sleep, "1000"], depends_on: { db: ready } }',
        '  log: { command: [sleep, "1000"], depends_on: { db: started } }\n',
      ].join('\n'),
    );
    await mustOrch(['up', '-d', '--wait', ...LIMIT]);
    const seen = (await events()).map(({ type, instance }) => `${type} ${instance}`);
    expect(seen.indexOf('started api.1')).toBeGreaterThan(seen.indexOf('became_ready db.1'));
    expect(seen.indexOf('started log.1')).toBeLessThan(seen.indexOf('became_ready db.1'));
  });
});

describe('a start that fails again and again', () => {
  test.each([
    ['it dies after 0.4 s', '"sleep 0.4; exit 1"', 'exit code 1'],
    ['its file is missing', '[node, missing.js]', 'exit code 1'],
    ['a shell does not find it', '"no-such-program-anywhere"', 'exit code 127'],
    ['it does not exist', '[./no-such-program]', 'no-such-program'],
    ['it succeeds at once but must always run', '"true", restart: always', 'success'],
  ])('ends up --wait with the reason: %s', async (_, command, reason) => {
    const { orch, ps } = project(`  web: { command: ${command} }\n`);
    const up = await orch(['up', '-d', '--wait', ...LIMIT]);
    expect(up.exitCode).toBe(1);
    expect(up.stderr).toContain('web.1');
    expect(up.stderr).toContain(reason);
    expect(up.stderr).not.toContain('in time');
    expect(up.durationMs).toBeLessThan(12_000);
    const status = await ps();
    expect(status.converged).toBe(false);
    expect(degradedOf(status)).toEqual(['web.1']);
    expect((await orch(['ps'])).stdout).toContain('degraded: web.1');
    const wait = await orch(['wait', '--for', 'ready', ...LIMIT]);
    expect([wait.exitCode, wait.stderr.includes('in a row')]).toEqual([1, true]);
  });

  test('ends restart --wait, and its dependent never starts', async () => {
    const { orch, mustOrch, ps } = project(
      '  web: { command: "sleep 0.4; exit 1" }\n  x: { command: [sleep, "1000"], depends_on: { web: ready } }\n',
    );
    await mustOrch(['up', '-d']);
    const restarted = await orch(['restart', '--wait', ...LIMIT, 'web']);
    expect([restarted.exitCode, restarted.stderr.includes('web.1')]).toEqual([1, true]);
    expect((await orch(['wait', ...LIMIT])).exitCode).toBe(1);
    expect(instanceOf(await ps(), 'x.1')).toMatchObject({ state: 'waiting', restarts: 0, pid: null });
    const status = await waitFor('both are named', ps, (one) => degradedOf(one).length === 2);
    expect(degradedOf(status)).toEqual(['web.1', 'x.1']);
  });

  test('is over once it lives', async () => {
    const { orch, mustOrch, write, ps } = project('  web: { command: "test -e fixed && exec sleep 1000" }\n');
    expect((await orch(['up', '-d', '--wait', ...LIMIT])).exitCode).toBe(1);
    write('fixed', '');
    await mustOrch(['restart', '--wait', ...LIMIT, 'web']);
    const status = await ps();
    expect([status.converged, status.degraded, instanceOf(status, 'web.1').state]).toEqual([true, [], 'ready']);
  });

  test('two failures are none', async () => {
    const { mustOrch, ps } = project('  web: { command: "echo x >> n; test $(wc -l < n) -ge 3 && exec sleep 1000" }\n');
    await mustOrch(['up', '-d', '--wait', ...LIMIT]);
    expect(instanceOf(await ps(), 'web.1')).toMatchObject({ state: 'ready', restarts: 2 });
  });

  test('that is given up', async () => {
    const { orch, ps } = project(
      '  web: { command: "exit 3", restart: { policy: on_failure, limit: { count: 1, within: 1m } } }\n',
    );
    const up = await orch(['up', '-d', '--wait', ...LIMIT]);
    expect([up.exitCode, up.stderr.includes('given up')]).toEqual([1, true]);
    expect(degradedOf(await ps())).toEqual(['web.1']);
  });
});

describe('completed is not ready', () => {
  test('a dependent that waits for ready of a task that has completed', async () => {
    const { orch, ps } = project(
      [
        '  clean: { command: "true", restart: never, readiness: { log: never } }',
        '  x: { command: [sleep, "1000"], depends_on: { clean: ready } }\n',
      ].join('\n'),
    );
    const up = await orch(['up', '-d', '--wait', ...LIMIT]);
    expect(up.exitCode).toBe(1);
    expect(up.stderr).toContain('clean.1 has completed, which does not count as ready');
    const status = await ps();
    expect(instanceOf(status, 'x.1')).toMatchObject({ state: 'waiting', pid: null });
    expect(degradedOf(status)).toEqual(['x.1']);
    const wait = await orch(['wait', '--for', 'ready', ...LIMIT, 'clean']);
    expect([wait.exitCode, wait.stderr.includes('completed')]).toEqual([1, true]);
  });

  test('but it counts as completed and as started, and a task is converged', async () => {
    const { mustOrch, ps } = project(
      [
        '  clean: { command: "true", restart: never }',
        '  x: { command: [sleep, "1000"], depends_on: { clean: completed } }',
        '  y: { command: [sleep, "1000"], depends_on: [clean] }\n',
      ].join('\n'),
    );
    await mustOrch(['up', '-d', '--wait', ...LIMIT]);
    await mustOrch(['wait', '--for', 'ready', ...LIMIT]);
    expect((await ps()).services.map(({ ready }) => ready)).toEqual([0, 1, 1]);
  });
});

describe('what is not wanted', () => {
  const UNWANTED: [string, string, string][] = [
    ['disabled', 'enabled: false', 'enabled: false'],
    ['of a profile', 'profiles: [debug]', 'profile debug'],
    ['of a pool of none', 'pool: 0', 'pool: 0'],
  ];
  test.each(UNWANTED)('%s: wait for it ends with 1', async (_, keys, reason) => {
    const { orch, mustOrch } = project(
      `  web: { command: [sleep, "1000"] }\n  db: { command: [sleep, "1000"], ${keys} }\n`,
    );
    await mustOrch(['up', '-d', '--wait', ...LIMIT]);
    for (const condition of ['ready', 'converged']) {
      const wait = await orch(['wait', '--for', condition, ...LIMIT, 'db']);
      expect([wait.exitCode, wait.stderr.includes(reason), wait.durationMs < 5_000]).toEqual([1, true, true]);
    }
  });

  test.each(UNWANTED)('%s: up --wait of its dependent ends with 1, and validate warns', async (_, keys, reason) => {
    const { orch, ps } = project(
      [
        `  db: { command: [sleep, "1000"], ${keys} }`,
        '  api: { command: [sleep, "1000"], depends_on: { db: ready } }',
        '  web: { command: [sleep, "1000"], depends_on: [api] }\n',
      ].join('\n'),
    );
    const validate = await orch(['validate']);
    expect(validate.exitCode).toBe(0);
    expect(validate.stdout + validate.stderr).toContain('"api" waits for "db" to start');
    const up = await orch(['up', '-d', '--wait', ...LIMIT]);
    expect([up.exitCode, up.durationMs < 8_000]).toEqual([1, true]);
    expect(up.stderr).toContain(reason);
    expect(degradedOf(await ps())).toEqual(['api.1', 'web.1']);
  });
});

test('a supervisor that follows keeps what was ready, and one that was not ready yet becomes it', async () => {
  const { mustOrch, ps, processes } = project(
    '  web: { command: [sleep, "1000"] }\n  late: { command: [sleep, "1000"], ready_after: 4s }\n',
  );
  await mustOrch(['up', '-d']);
  await mustOrch(['wait', '--for', 'ready', ...LIMIT, 'web']);
  const { pid } = (await ps()).supervisor;
  process.kill(pid, 'SIGKILL');
  await waitFor('it is gone', processes, (all) => all.every((one) => one.pid !== pid));
  await mustOrch(['up', '-d']);
  const status = await ps();
  expect(instanceOf(status, 'web.1')).toMatchObject({ state: 'ready', adopted: true });
  expect(instanceOf(status, 'late.1').state).toBe('running');
  await mustOrch(['wait', ...LIMIT]);
  expect(instanceOf(await ps(), 'late.1')).toMatchObject({ state: 'ready', restarts: 0 });
});
