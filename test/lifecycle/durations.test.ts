// `timeout` and `restart.cron` with real processes.
import { expect, test } from 'vitest';
import { createProject, instanceOf } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

test('a task that takes longer than its timeout is stopped as declared and has failed, also after a crash', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  slow:
    command: "trap 'echo bye >> stopped; exit 0' INT; echo up >> started; while :; do sleep 0.05; done"
    restart: never
    timeout: 4s
    stop: { signal: SIGINT }
  quick: { command: "true", restart: never, timeout: 1h }
`,
  });
  await project.mustOrch(['up', '-d']);
  await waitFor(
    'it runs',
    project.ps,
    (status) => project.exists('started') && instanceOf(status, 'slow.1').pid !== null,
  );
  process.kill((await project.ps()).supervisor.pid, 'SIGKILL');
  await project.mustOrch(['up', '-d']);
  const status = await waitFor(
    'it timed out',
    project.ps,
    (seen) => instanceOf(seen, 'slow.1').state === 'failed',
    15_000,
  );
  expect(instanceOf(status, 'slow.1').reason).toBe('Timed out after 4 s and is never restarted.');
  expect(instanceOf(status, 'quick.1').state).toBe('completed');
  expect(project.read('stopped')).toBe('bye\n');
  expect(project.read('started')).toBe('up\n');
  const events = await project.events();
  expect(events.filter(({ type }) => type === 'stopping').map(({ message }) => message)).toEqual([
    'slow.1 is being stopped: timed out after 4 s',
  ]);
  const { stdout } = await project.orch(['why', 'slow']);
  expect(stdout).toContain('Timed out after 4 s');
  await project.down();
});

test('an edited timeout counts for the run under way', async () => {
  const yaml = (timeout: string): string =>
    `services:\n  long: { command: [sleep, "1000"], timeout: ${timeout}, restart: never }\n`;
  const project = createProject({ 'procs.yaml': yaml('1h') });
  await project.up();
  const { pid } = instanceOf(await project.ps(), 'long.1');
  project.edit('procs.yaml', yaml('2h'));
  await waitFor('the edit', project.ps, ({ generation }) => generation === 2);
  expect(instanceOf(await project.ps(), 'long.1').pid).toBe(pid);
  project.edit('procs.yaml', yaml('10ms'));
  const status = await waitFor('it is stopped', project.ps, (seen) => instanceOf(seen, 'long.1').state === 'failed');
  expect(instanceOf(status, 'long.1').reason).toBe('Timed out after 0.01 s and is never restarted.');
  await project.down();
});

test('a pool is restarted at its times, one instance after the other', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  api:
    command: [sleep, "1000"]
    pool: 3
    ready_after: 200ms
    rollout: { max_unavailable: 1 }
    restart: { cron: "*/4 * * * * *", time_zone: local }
`,
  });
  await project.up();
  const first = (await project.ps()).services[0]!.instances.map(({ pid }) => pid);
  const status = await waitFor(
    'all are new',
    project.ps,
    ({ services, converged }) => converged && services[0]!.instances.every(({ pid }) => pid && !first.includes(pid)),
    20_000,
  );
  expect(status.services[0]!.ready).toBe(3);
  const events = await project.events();
  expect(events.find(({ type }) => type === 'restart_due')?.message).toBe(
    'api: its time to be restarted has come (restart.cron)',
  );
  // Never two at once: each is ready again before the next one is stopped.
  const begun = events.findIndex(({ type }) => type === 'restart_due');
  const steps = events
    .slice(begun)
    .filter(({ type }) => type === 'stopping' || type === 'became_ready')
    .slice(0, 6)
    .map(({ type }) => type);
  expect(steps).toEqual(['stopping', 'became_ready', 'stopping', 'became_ready', 'stopping', 'became_ready']);
  await project.down();
});
