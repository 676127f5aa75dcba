// `orch envs`, without a supervisor: the table, problems of rejected overlays, JSON.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../rig/temporary-directory.ts';
import { runCommand } from './run-command.ts';

const base = `name: shop
services:
  api: { command: [node, api.js], pool: 2, env: { CACHE: "off", API_TOKEN: one } }
  mail: { command: [node, mail.js] }
`;

function project(files: Record<string, string>) {
  const root = temporaryDirectory('envs');
  for (const [name, text] of Object.entries({ 'procs.yaml': base, ...files })) writeFileSync(join(root, name), text);
  return (line: string, columns?: number) =>
    runCommand(line.split(' '), { cwd: root, environment: { NO_COLOR: '1' }, ...(columns && { columns }) });
}

const dev = 'services: { mail: null, debug: { command: x } }\n';
const prod = 'services: { api: { pool: 8, env: { CACHE: "on", API_TOKEN: two } } }\n';

test('every overlay is listed with its services, instances and changes', async () => {
  const orch = project({ 'procs.dev.yaml': dev, 'procs.prod.yaml': prod, 'procs.-x.yaml': '', 'other.dev.yaml': '' });
  expect(await orch('envs')).toEqual({
    code: 0,
    stderr: '',
    stdout: `ENVIRONMENT  STATE  SERVICES  INSTANCES  CHANGES
(none)       valid         2          3
dev          valid         2          3  +debug, -mail
prod         valid         2          9  api (env.API_TOKEN, env.CACHE, pool 2 → 8)
`,
  });
});

test('a rejected overlay is shown with the place of its problem, and the exit code is 2', async () => {
  const orch = project({ 'procs.dev.yaml': dev, 'procs.prod.yaml': 'services: { api: { pol: 8 } }\n' });
  const { code, stdout } = await orch('envs');
  expect(code).toBe(2);
  expect(stdout).toMatch(/^prod +rejected$/m);
  expect(stdout).toMatch(/^prod: procs\.prod\.yaml:1:20: unknown key "pol"/m);
  expect(stdout).toMatch(/^dev +valid +2 +3 {2}\+debug, -mail$/m);
});

test('a procs.yaml that its overlays complete rejects none of them', async () => {
  const orch = project({
    'procs.yaml': 'services: { api: { pool: 2 } }\n',
    'procs.dev.yaml': 'services: { api: { command: x } }\n',
  });
  const { code, stdout } = await orch('envs');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^dev +valid +1 +2 {2}completes procs\.yaml, which is not valid alone$/m);
  expect(stdout).toMatch(/^\(none\): procs\.yaml:1:13: the service "api" has no command/m);
});

test('a problem of procs.yaml is shown once for all environments', async () => {
  const orch = project({ 'procs.yaml': base.replace('pool', 'pol'), 'procs.dev.yaml': dev, 'procs.prod.yaml': prod });
  const { stdout } = await orch('envs');
  expect(stdout.match(/unknown key/g)).toHaveLength(1);
  expect(stdout).toContain('\n(none), dev, prod: procs.yaml:3:');
});

test('without overlays, the problems of procs.yaml are those of `validate`', async () => {
  const bad = { 'procs.yaml': base.replace('pool', 'pol') };
  const orch = project(bad);
  expect(await orch('envs')).toEqual(await orch('validate'));
  expect(await orch('envs --json')).toEqual(await orch('validate --json'));
  expect((await project({})('envs')).stdout).toBe(
    'ENVIRONMENT  STATE  SERVICES  INSTANCES\n(none)       valid         2          3\n',
  );
});

test('--json has the differences key by key, and masks what the table leaves out', async () => {
  const orch = project({ 'procs.prod.yaml': prod, 'procs.bad.yaml': 'x: 1\n' });
  const { code, stdout } = await orch('-e prod envs --json');
  expect(code).toBe(2);
  const listed = JSON.parse(stdout);
  expect(listed).toMatchObject({ project: 'shop', running: null });
  expect(listed.environments.map(({ name, status, selected }: never) => [name, status, selected])).toEqual([
    [null, 'valid', false],
    ['bad', 'rejected', false],
    ['prod', 'valid', true],
  ]);
  expect(listed.environments[1].problems).toMatchObject([{ file: 'procs.bad.yaml', line: 1, column: 1 }]);
  const { changes } = listed.environments[2];
  expect(changes.instances).toEqual({ from: 3, to: 9 });
  expect(changes.services[0].keys).toContainEqual({
    key: 'env.API_TOKEN',
    class: 'restart',
    from: '***',
    to: '*** (changed)',
  });
});

test('many changes still make one line of a terminal', async () => {
  const services = Array.from({ length: 40 }, (_, at) => `  s${at}: { command: x }\n`).join('');
  const orch = project({
    'procs.yaml': `services:\n${services}`,
    'procs.dev.yaml': `env: { A: b }\nservices:\n${services.replaceAll('  s', '  t')}`,
  });
  const { stdout } = await orch('envs', 80);
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(lines[2]).toMatch(/\+40 services, 40 changed: s0.*…$/);
});

test('the personal overlay is on top of each, and several overlays are listed once they are selected', async () => {
  const orch = project({
    'procs.dev.yaml': dev,
    'procs.prod.yaml': prod,
    'procs.local.yaml': 'services: { api: { pool: 1 } }\n',
  });
  const { stdout } = await orch('envs -e prod -e dev');
  expect(stdout).toMatch(/^prod,dev +valid +2 +2 {2}\+debug, -mail, api \(env/m);
  expect(stdout).toMatch(/^with procs\.local\.yaml on top of each/m);
  expect(stdout).not.toMatch(/^local/m);
  const json = JSON.parse((await orch('envs --json')).stdout);
  expect(json.personal).toBe('procs.local.yaml');
  expect(JSON.parse((await orch('envs --json --no-local')).stdout)).toMatchObject({ personal: null });
});
