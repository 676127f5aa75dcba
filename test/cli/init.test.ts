// What `orch init` takes from a directory, and what it lists as seen and not taken.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of compose files
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { detectProject } from '../../src/cli/init/detect-project.ts';
import { printFirstFile } from '../../src/cli/init/print-first-file.ts';
import { accept } from '../config/loading.ts';
import { git } from '../rig/git.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';
import { runCommand } from './run-command.ts';

async function init(files: Record<string, string>, environment: Record<string, string> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'orch-init-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  const detected = await detectProject(directory);
  const text = printFirstFile('project', detected, null);
  const { services } = await accept({ ...files, 'procs.yaml': text }, { environment });
  return { ...detected, text, services, names: services.map(({ name }) => name as string) };
}

const scripts = (own: Record<string, string>, more: object = {}): Record<string, string> => ({
  'package.json': JSON.stringify({ scripts: own, ...more }),
});

test.each([
  ['start and dev are one program', { start: 'node a', dev: 'node b' }, ['dev']],
  ['variants of start', { start: 'a', 'start:dev': 'b', 'start:debug': 'c', 'start:prod': 'd' }, ['start-dev']],
  ['parts of start', { start: 'x', 'start:api': 'a', 'start:worker': 'b' }, ['start-api', 'start-worker']],
  ['a worker next to the program', { start: 'a', worker: 'b', 'worker:dev': 'c' }, ['start', 'worker-dev']],
  ['roles without a start', { web: 'a', api: 'b', 'api:dev': 'c', test: 'd' }, ['web', 'api-dev']],
  ['names that share a service name', { 'start:api': 'a', 'start.api': 'b' }, ['start-api']],
  ['what is run by hand', { start: 'git pull && node a', 'dev:db': 'docker compose up', serve: 'node b' }, ['serve']],
  ['an installation', { dev: 'npm ci && vite', start: 'vite' }, ['start']],
])('scripts: %s', async (_title, own, expected) => {
  expect((await init(scripts(own as Record<string, string>))).names).toEqual(expected);
});

test('scripts that were left out are listed, and the package manager is that of the package', async () => {
  const { text, notTakenOver } = await init(
    scripts({ dev: 'vite', build: 'x', lint: 'y' }, { packageManager: 'pnpm@9.0.0' }),
  );
  expect(text).toContain('command: [pnpm, run, dev]');
  expect(notTakenOver).toEqual(['scripts that were left out: build, lint']);
});

test('wait-on becomes a probe and a dependency', async () => {
  const { services } = await init(
    scripts({
      'dev:api': 'PORT=3000 node api.js',
      'dev:web': 'wait-on tcp:3000 && vite',
      'dev:css': 'tailwindcss --watch',
    }),
  );
  const [api, web, css] = services;
  expect(api).toMatchObject({ name: 'dev-api', readiness: { checks: [{ kind: 'tcp' }] } });
  expect(web).toMatchObject({
    command: { argv: ['npx', 'vite'] },
    dependsOn: [{ service: 'dev-api', condition: 'ready' }],
  });
  expect(css).toMatchObject({ stdin: true });
});

test('a Procfile.dev comes before a Procfile, and Python writes its lines at once', async () => {
  const { from, text, notTakenOver } = await init({
    Procfile: 'web: x\n',
    'Procfile.dev': 'web: python app.py\n',
    '.env': 'A=1\n',
  });
  expect(from).toBe('Procfile.dev');
  expect(text).toContain('env_files: [?.env]');
  expect(text).toContain('PYTHONUNBUFFERED: "1"');
  expect(notTakenOver).toEqual(['Procfile: another way to run the project; `orch import Procfile` shows it']);
});

test('a compose file that holds images alone: package.json has the program', async () => {
  const { from, names, text } = await init({
    'compose.yaml': 'services:\n  db: { image: postgres:16 }\n  cache: { image: redis }\n',
    ...scripts({ dev: 'node server.js' }),
  });
  expect([from, names]).toEqual(['package.json', ['dev']]);
  expect(text).toContain('# - db: runs the image postgres:16 without a command');
});

test('a compose file: health, profiles and variables without a value', async () => {
  const { services, text } = await init({
    'compose.yaml': `
services:
  web:
    build: .
    command: node web.js
    environment: { TOKEN: "\${TOKEN}" }
    healthcheck: { test: curl -f http://localhost:3000/up, interval: 5s }
    profiles: [front]
  db: { image: postgres }
`,
  });
  expect(services[0]).toMatchObject({ name: 'web', profiles: ['front'], readiness: { checks: [{ kind: 'http' }] } });
  expect(text).toContain('env: { TOKEN: "${TOKEN:-}" }');
});

test.each([
  ['process-compose.yaml', 'processes:\n  a: { command: x }\n'],
  ['mprocs.yaml', 'procs:\n  a: x\n'],
  ['pitchfork.toml', '[daemons.a]\nrun = "x"\n'],
  ['pm2.json', '{"apps":[{"name":"a","script":"x.js"}]}'],
  ['supervisord.conf', '[program:a]\ncommand=x\n'],
])('%s is imported', async (file, text) => {
  const found = await init({ [file]: text, ...scripts({ dev: 'vite' }) });
  expect([found.from, found.names]).toEqual([file, ['a']]);
});

test.each([
  [
    'a script',
    scripts({ dev: 'wait-on tcp:3000 && ORCH_INSTANCE=3 vite' }),
    'dev (env.ORCH_INSTANCE): the variable "ORCH_INSTANCE" is set by orch',
  ],
  ['a Procfile', { Procfile: 'web: x\n', '.foreman': 'formation: web=99999\n' }, 'web (pool): `pool` must be a number'],
  ['a file without a program', { Procfile: 'web: -x\n' }, 'web: it has no command'],
])('what procs.yaml refuses is left out, and listed: %s', async (_title, files, sentence) => {
  const { text, notTakenOver } = await init(files as Record<string, string>);
  expect(notTakenOver.join('\n')).toContain(sentence);
  expect(text).toContain(`# - ${notTakenOver[0]}`);
});

test('an empty directory gets a sample', async () => {
  expect(await init({})).toMatchObject({ from: null, names: ['hello'], notTakenOver: [] });
});

test('in a git repository, git is made to ignore the personal overlay, once', async () => {
  const cwd = temporaryDirectory('init');
  const write = (name: string, text: string) => writeFileSync(join(cwd, name), text);
  write('Procfile', 'web: x\n');
  write('.gitignore', 'node_modules');
  git(cwd, 'init', '-q');
  const { stdout } = await runCommand(['init'], { cwd });
  expect(stdout).toContain('added /procs.local.yaml, for changes that are yours alone, to .gitignore');
  expect(readFileSync(join(cwd, '.gitignore'), 'utf8')).toBe('node_modules\n/procs.local.yaml\n');
  rmSync(join(cwd, 'procs.yaml'));
  expect((await runCommand(['init'], { cwd })).stdout).not.toContain('.gitignore');
});
