// `orch diff` of two environments: what it names, in 80 columns and as JSON.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Status } from '../../src/api/protocol.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { differenceOfRunning } from '../../src/plan/running-difference.ts';
import { sampleStatus } from '../api/fake-supervisor.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';
import { runCommand } from './run-command.ts';

const base = `name: shop
log_queues: { main: { rotate: { keep: 5 } } }
services:
  api:
    command: [node, api.js]
    log_queue: main
    env: { CACHE: "off", API_TOKEN: one, DB: "postgres://shop:pw@dev.internal.example.org/shop" }
    stop: { grace: 10s }
  mail: { command: [node, mail.js] }
`;
const dev = 'services: { api: { pool: 2 } }\n';
const prod = `name: shop-prod
log_queues: { main: { rotate: { keep: 9 } } }
services:
  api:
    pool: 8
    env: { CACHE: "on", API_TOKEN: two, DB: "postgres://shop:pw2@prod.internal.example.org/shop" }
    stop: { grace: 30s }
  mail: null
  worker: { command: [node, worker.js], pool: 3, depends_on: { api: ready } }
`;

function project(files: Record<string, string> = {}) {
  const root = temporaryDirectory('diff');
  const all = { 'procs.yaml': base, 'procs.dev.yaml': dev, 'procs.prod.yaml': prod, ...files };
  for (const [name, text] of Object.entries(all)) writeFileSync(join(root, name), text);
  return (line: string) => runCommand(line.split(' '), { cwd: root });
}

test('two environments differ by service, key and what the change needs; secrets are masked', async () => {
  const { code, stdout, stderr } = await project()('diff dev prod');
  expect([code, stderr]).toEqual([2, '']);
  expect(stdout).toBe(`shop-prod: dev → prod

name: shop → shop-prod
~ api: changed, needs new processes
    restart  env.API_TOKEN: *** → *** (changed)
    restart  env.CACHE: off → on
    restart  env.DB:
               postgres://shop:***@dev.internal.example.org/shop
             → postgres://shop:***@prod.internal.example.org/shop
    live     pool: 2 → 8
    live     stop.grace: 10s → 30s
+ worker: added
    command: ["node", "worker.js"]
    pool: 3
    depends_on.api: ready
- mail: removed
= log_queues.main: changed, applied in place
    live     rotate.keep: 5 → 9

4 differ: 1 added, 1 removed, 1 with new processes, 1 in place; 3 → 11 instances.
`);
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(81);
});

test('one name compares procs.yaml, or the environment of -e, with it', async () => {
  const orch = project();
  expect((await orch('diff dev')).stdout).toBe(`shop: procs.yaml → dev

= api: changed, applied in place
    live     pool: 1 → 2

1 differs: 1 in place; 2 → 3 instances.
`);
  expect((await orch('-e dev diff prod')).stdout).toBe((await orch('diff dev prod')).stdout);
});

test('exit code: 0 without a difference, 1 for every error, 3 where nothing runs', async () => {
  const orch = project({ 'procs.bad.yaml': 'services: { api: { pol: 1 } }\n' });
  expect(await orch('diff dev dev')).toEqual({ code: 0, stdout: 'shop: dev → dev\n\nNo difference.\n', stderr: '' });
  expect(await orch('diff dev prdo')).toMatchObject({ code: 1, stdout: '' });
  expect((await orch('diff dev prdo')).stderr).toContain('did you mean "prod"?');
  expect((await orch('diff dev bad')).code).toBe(1);
  expect((await orch('diff')).code).toBe(3);
});

test('--json', async () => {
  const { code, stdout } = await project()('diff dev prod --json');
  const diff = JSON.parse(stdout);
  expect(code).toBe(2);
  expect(diff).toMatchObject({
    project: 'shop-prod',
    from: { kind: 'environment', env: 'dev' },
    to: { kind: 'environment', env: 'prod' },
    same: false,
    name: { from: 'shop', to: 'shop-prod' },
    instances: { from: 3, to: 11 },
  });
  expect(diff.services.map(({ service, change, class: needs }: never) => [service, change, needs])).toEqual([
    ['api', 'changed', 'restart'],
    ['worker', 'added', null],
    ['mail', 'removed', null],
    ['log_queues.main', 'changed', 'live'],
  ]);
  expect(diff.services[0].keys).toContainEqual({ key: 'pool', class: 'live', from: '2', to: '8' });
  expect(stdout).not.toMatch(/pw2?@|"one"|"two"/);
});

test('what a command changed is a difference although `up` leaves it as it is', async () => {
  const root = temporaryDirectory('diff');
  writeFileSync(join(root, 'procs.yaml'), 'services: { api: { command: x, pool: 2 }, job: { command: y } }\n');
  const loaded = await loadConfig({ file: join(root, 'procs.yaml'), env: null, environment: {} });
  if (!loaded.ok) throw new Error('invalid');
  const { config } = loaded.accepted;
  const sample = sampleStatus();
  const [service] = sample.services;
  const instance = { ...service!.instances[0]!, state: 'ready' as const, reason: null };
  const status: Status = {
    ...sample,
    project: config.project,
    services: [
      { ...service!, name: 'api', running: 4, override: { pool: 4 }, instances: [] },
      {
        ...service!,
        name: 'job',
        running: 0,
        override: null,
        instances: [{ ...instance, id: 'job.1', state: 'failed', reason: 'Exited with code 1.' }],
      },
    ],
  };
  const { services, instances } = differenceOfRunning({ changes: [] }, status, config);
  expect(services).toEqual([
    {
      service: 'api',
      change: 'changed',
      class: 'live',
      keys: [{ key: 'pool', class: 'live', from: '4 (scale --ephemeral)', to: '2' }],
      notes: [],
    },
    { service: 'job', change: 'changed', class: 'live', keys: [], notes: ['job.1 failed: Exited with code 1.'] },
  ]);
  expect(instances).toEqual({ from: 4, to: 3 });

  const keys = [{ key: 'apply', class: 'live' as const, from: 'auto', to: 'manual' }];
  const change = { service: 'policy.apply', action: 'update' as const, instances: [], class: 'live' as const, keys };
  const edited = differenceOfRunning({ changes: [{ ...change, reason: 'apply changed' }] }, status, config);
  expect(edited.services[0]).toEqual({ service: 'policy.apply', change: 'changed', class: 'live', keys, notes: [] });
});
