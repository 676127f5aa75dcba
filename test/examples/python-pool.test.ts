// examples/python-pool: the old script still runs, and the new one does what it did.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createExampleProject } from '../rig/example.ts';
import { cleanEnvironment } from '../rig/orch.ts';
import { incarnations } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const workerNames = Array.from({ length: 7 }, (_, index) => `worker.${index + 1}`);

test('the script runs seven workers, a writer and a bot with its pid file', async () => {
  const project = createExampleProject('python-pool/before');
  const script = spawn('python3', ['run_all.py'], {
    cwd: project.root,
    env: { ...cleanEnvironment(), ...project.env },
    stdio: 'ignore',
    detached: true,
  });
  const log = project.path('run_all.log');
  const text = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '');
  await waitFor('all seven have finished a batch', text, (seen) =>
    workerNames.every((_, index) => seen.includes(`worker ${index + 1} finished batch 1`)),
  );
  await waitFor('the bot answers', text, (seen) => seen.includes('bot answered'));
  expect(project.read('feishu_pid.txt')).toMatch(/^\d+$/);
  process.kill(-script.pid!, 'SIGINT');
  await once(script, 'exit');
  await waitFor('all are gone', project.processes, (seen) => seen.length === 0);
});

test('procs.yaml runs the same processes as the script', async () => {
  const project = createExampleProject('python-pool/after');
  await project.up();
  const status = await project.ps();
  expect(status.services.map((service) => [service.name, service.running, service.singleton])).toEqual([
    ['worker', 7, false],
    ['feishu-bot', 1, true],
  ]);
  const log = project.path('run_all.log');
  const text = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '');
  await waitFor('every instance has printed', text, (seen) =>
    [...workerNames, 'feishu-bot.1'].every((id) => seen.includes(` ${id} o `)),
  );
  expect(text()).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z worker\.3 o worker 3 of 7 started$/m);

  const before = incarnations(project.instances());
  await project.mustOrch(['scale', 'worker=9']);
  expect(project.read('procs.yaml')).toContain('pool: 9                    # was: WORKERS = 7');
  await waitFor(
    'two more run',
    () => incarnations(project.instances()),
    (seen) => 'worker.9' in seen && 'worker.8' in seen,
  );
  expect(incarnations(project.instances())).toMatchObject(before);

  await project.down();
  expect(project.processes()).toEqual([]);
});
