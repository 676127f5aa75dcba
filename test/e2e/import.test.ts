// What `orch import` makes starts in the order of the other tool, and stops. The programs are stand-ins that write their
// service into a file, stay, and answer SIGTERM and SIGINT.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProject, type Project } from '../rig/project.ts';

/** `TASKS`: services that end at once with exit code 0. */
const STAND_IN = `#!/bin/sh
echo "$ORCH_SERVICE" >> "$ORDER"
case " $TASKS " in *" $ORCH_SERVICE "*) exit 0;; esac
echo "ready $ORCH_SERVICE"
trap 'kill $!; exit 0' TERM INT QUIT
sleep 1000 & wait
`;

function createImport(files: Record<string, string>, programs: string[], tasks: string[]): Project {
  const project = createProject(files);
  mkdirSync(project.path('bin'));
  for (const name of programs) {
    writeFileSync(project.path(join('bin', name)), STAND_IN);
    chmodSync(project.path(join('bin', name)), 0o755);
  }
  project.env.PATH = `${project.path('bin')}:${process.env.PATH}`;
  project.env.ORDER = project.path('order');
  project.env.TASKS = tasks.join(' ');
  return project;
}

/** Imports, starts, and stops. @returns the services in the order of their first start */
async function startOrder(project: Project, source: string): Promise<string[]> {
  await project.mustOrch(['import', '--write', source]);
  await project.mustOrch(['validate']);
  await project.mustOrch(['up', '-d', '--wait', '--timeout', '20s']);
  const order = [...new Set(project.read('order').trim().split('\n'))];
  await project.down();
  expect(project.instances()).toEqual([]);
  return order;
}

test('process-compose: health, log lines and tasks decide the order', async () => {
  const project = createImport(
    {
      'process-compose.yaml': `
processes:
  web: { command: front --port 80, depends_on: { api: { condition: process_log_ready } } }
  api:
    command: api serve
    ready_log_line: ready api
    depends_on: { migrate: { condition: process_completed_successfully } }
  migrate: { command: migrate, depends_on: { db: { condition: process_healthy } } }
  db:
    command: db -D data
    readiness_probe: { exec: { command: test -s order }, period_seconds: 1 }
    shutdown: { signal: 2 }
`,
    },
    ['front', 'api', 'migrate', 'db'],
    ['migrate'],
  );
  expect(await startOrder(project, 'process-compose.yaml')).toEqual(['db', 'migrate', 'api', 'web']);
});

test('Procfile: the release runs first, and every process has its port', async () => {
  const project = createImport(
    { Procfile: 'web: serve $PORT\nworker: work $PORT > ports\nrelease: migrate\n', '.env': 'PORT=7000\n' },
    ['serve', 'work', 'migrate'],
    ['release'],
  );
  writeFileSync(project.path('bin/work'), STAND_IN.replace('echo "ready', 'echo "$PORT $1"; echo "ready'));
  const order = await startOrder(project, 'Procfile');
  expect(order[0]).toBe('release');
  expect(order.slice(1).sort()).toEqual(['web', 'worker']);
  expect(project.read('ports')).toContain('7100 7100');
});

test('compose: conditions, and programs in the directories of their volumes', async () => {
  const project = createImport(
    {
      'compose.yaml': `
services:
  app: { build: ., command: front, depends_on: { api: { condition: service_healthy } } }
  api:
    build: ./api
    command: ["serve", "--all"]
    healthcheck: { test: ["CMD", "test", "-e", "here"], interval: 1s }
    depends_on: { seed: { condition: service_completed_successfully } }
  seed: { build: ., command: seed }
`,
      'api/here': '',
    },
    ['front', 'serve', 'seed'],
    ['seed'],
  );
  expect(await startOrder(project, 'compose.yaml')).toEqual(['seed', 'api', 'app']);
});

test('systemd: a oneshot unit ends before the units after it', async () => {
  const unit = (text: string): string => `[Service]\nExecStart=/usr/bin/env ${text}\n`;
  const project = createImport(
    {
      'a.service': `[Unit]\nRequires=b.service\nAfter=b.service\n${unit('serve')}`,
      'b.service': `${unit('prepare')}Type=oneshot\n`,
    },
    ['serve', 'prepare'],
    ['b'],
  );
  await project.mustOrch(['import', '--write', 'a.service', 'b.service']);
  await project.mustOrch(['up', '-d', '--wait']);
  expect(project.read('order')).toBe('b\na\n');
  await project.down();
});

test('supervisord: programs of a lower priority start first', async () => {
  const project = createImport(
    {
      'supervisord.conf':
        '[program:last]\ncommand=serve\npriority=30\n[program:first]\ncommand=serve\npriority=10\n[program:middle]\ncommand=serve\npriority=20\n',
    },
    ['serve'],
    [],
  );
  expect(await startOrder(project, 'supervisord.conf')).toEqual(['first', 'middle', 'last']);
});

test('concurrently: what waits for a port starts after the program that opens it', async () => {
  const project = createImport(
    {
      'package.json': JSON.stringify({
        scripts: { dev: 'concurrently -k "wait-on file:opened && front" "api && true"' },
      }),
    },
    ['front', 'api'],
    [],
  );
  writeFileSync(project.path('bin/npx'), '#!/bin/sh\nexec "$@"\n');
  chmodSync(project.path('bin/npx'), 0o755);
  writeFileSync(project.path('bin/api'), STAND_IN.replace('trap', 'sleep 0.3; touch opened; trap'));
  expect(await startOrder(project, 'package.json')).toEqual(['api', 'front']);
});

test('pm2: an app that ends with 0 is started again', async () => {
  const project = createImport(
    { 'ecosystem.config.js': "module.exports = { apps: [{ name: 'tick', script: 'tick', interpreter: 'none' }] };" },
    ['tick'],
    ['tick'],
  );
  await project.mustOrch(['import', '--write', 'ecosystem.config.js']);
  await project.mustOrch(['up', '-d']);
  await expect
    .poll(() => (project.exists('order') ? project.read('order').split('tick').length : 0), { timeout: 20_000 })
    .toBeGreaterThan(2);
  await project.down();
});
