// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
// `orch export` as a command, and its files in the hands of what reads them: sh, systemd-analyze, supervisord's own parser, and
// the loader of docker compose.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import { exported } from '../export/exporting.ts';
import { envFilesOf, exportSources } from '../export/sources.ts';
import { createProject } from '../rig/project.ts';
import { makeDirectory, removeDirectory } from '../rig/temporary-directory.ts';

/** Prints what it was given. */
const SHOW = `const { A, B, FROM_FILE, GONE, PORT, KEY, ORCH_INSTANCE } = process.env;
process.stdout.write(JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd(), A, B, FROM_FILE, GONE, PORT, KEY, ORCH_INSTANCE }));`;
const HARD = `it's 50% "a" ; b #c $HOME \\ *`;
const FILES = {
  'show.js': SHOW,
  'sub/keep': '',
  '.env': 'FROM_FILE=secret-of-the-file\nGONE=1\nB=overwritten\n',
  key: 'secret-of-the-key\n',
  'procs.yaml': [
    'name: shop',
    'env_files: [.env]',
    'services:',
    '  api:',
    `    command: [node, ../show.js, ${JSON.stringify(HARD.replaceAll('$', '$$$$'))}, "\${PORT}"]`,
    '    cwd: sub',
    '    port: 8000',
    `    env: { A: ${JSON.stringify(HARD.replaceAll('$', '$$$$'))}, B: own, GONE: null, KEY: { secret: ./key } }`,
    '  pool:',
    '    command: node show.js "$PORT" "$ORCH_INSTANCE" && true',
    '    pool: 3',
    '    port: 9000',
    '    env: { A: "at ${PORT}" }',
    '  nightly: { command: node show.js, restart: never, schedule: { cron: "30 3 * * 1-5" } }',
    '  token: { command: node show.js, env: { API_TOKEN: "${API_TOKEN}" } }',
    '',
  ].join('\n'),
};
const environment = { API_TOKEN: 'secret-of-the-shell' };
const createShop = () => createProject(FILES, { env: environment });
const EXPECTED = { A: HARD, B: 'own', FROM_FILE: 'secret-of-the-file', KEY: 'secret-of-the-key', PORT: '8000' };

test('a line of the Procfile runs what orch would run', async () => {
  const project = createShop();
  const { stdout } = await project.mustOrch(['export', 'procfile']);
  const line = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stdout)![1]!;
  const api = JSON.parse((await execa('sh', ['-c', line('api')], { cwd: project.root })).stdout);
  expect(api).toEqual({ args: [HARD, '8000'], cwd: join(project.root, 'sub'), ...EXPECTED });
  // foreman gives the second instance of the third process 5201.
  const pool = await execa('sh', ['-c', line('pool')], { cwd: project.root, env: { PORT: '5201' } });
  expect(JSON.parse(pool.stdout)).toMatchObject({ args: ['9001', '2'], PORT: '9001', A: 'at 9001' });
  expect(stdout).toContain('# foreman start -m all=1,pool=3\n');
  expect(stdout).toContain('\n# nightly: ');
});

test.each(['compose', 'procfile', 'supervisord', 'systemd'])('no secret is in the files for %s', async (tool) => {
  const project = createShop();
  const { stdout, stderr } = await project.mustOrch(['export', tool, '--json']);
  expect(stdout + stderr).not.toContain('secret-of-');
  const { findings } = JSON.parse(stdout);
  const reasonOf = (path: string) => findings.find((one: { path: string }) => one.path === path);
  // docker compose asks for it by its name.
  const outcome = tool === 'compose' ? 'nearly' : 'not carried';
  expect(reasonOf('services.token.env')).toMatchObject({ outcome, line: 15, file: 'procs.yaml' });
  expect(reasonOf('services.api.env')).toMatchObject({ outcome: 'nearly' });
});

test('--out writes all files or none, and overwrites nothing without --force', async () => {
  const project = createShop();
  expect((await project.mustOrch(['export', 'systemd', '--out', 'units'])).stdout).toMatch(
    /^wrote units\/shop\.target, /,
  );
  const refused = await project.orch(['export', 'systemd', '--out', 'units']);
  expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('already exists\nhint: --force') });
  await project.mustOrch(['export', 'systemd', '--out', 'units', '--force']);
  expect(await project.orch(['export', 'launchd'])).toMatchObject({
    exitCode: 2,
    stderr: 'error: launchd is not a tool that orch exports to\nhint: one of compose, systemd, supervisord, procfile\n',
  });
});

const analyze = await execa('systemd-analyze', ['--version'], { reject: false });
test.skipIf(analyze.failed)('systemd-analyze verifies the units', async () => {
  const project = createShop();
  await project.mustOrch(['export', 'systemd', '--out', 'units']);
  const units = readdirSync(join(project.root, 'units'));
  expect(units).toContain('shop-nightly.timer');
  const paths = units.map((name) => join(project.root, 'units', name.replace('@.', '@1.')));
  const { all, exitCode } = await execa('systemd-analyze', ['verify', '--man=no', ...paths], {
    reject: false,
    all: true,
  });
  expect(all.split('\n').filter((line) => line.includes('shop-') || line.includes(project.root))).toEqual([]);
  expect(exitCode).toBe(0);
});

// ORCH_TEST_PYTHON: a python3 in which supervisor is installed (test/verifiers/install.sh).
const python = process.env.ORCH_TEST_PYTHON;
const READ_BACK = `
import json, shlex, sys
from supervisor.options import ServerOptions
options = ServerOptions()
options.realize(['-c', sys.argv[1]])
print(json.dumps([{ 'name': p.name, 'argv': shlex.split(p.command), 'environment': p.environment, 'directory': p.directory }
  for group in options.process_group_configs for p in group.process_configs]))`;
test.skipIf(!python)('supervisord reads the programs, which run what orch would run', async () => {
  const project = createShop();
  await project.mustOrch(['export', 'supervisord', '--out', '.']);
  const conf = join(project.root, 'supervisord.conf');
  const { stdout } = await execa(python!, ['-c', READ_BACK, conf]);
  type Program = { name: string; argv: [string, ...string[]]; environment: Record<string, string>; directory: string };
  const programs: Program[] = JSON.parse(stdout);
  const run = async (name: string) => {
    const { argv, environment: env, directory } = programs.find((one) => one.name === name)!;
    return JSON.parse((await execa(argv[0], argv.slice(1), { cwd: directory, env })).stdout);
  };
  expect(await run('api')).toEqual({ args: [HARD, '8000'], cwd: join(project.root, 'sub'), ...EXPECTED });
  expect(await run('pool_2')).toMatchObject({ args: ['9001', '2'], PORT: '9001', A: 'at 9001', ORCH_INSTANCE: '2' });
});

// ORCH_TEST_COMPOSE: the program of test/verifiers/compose.
const composeLoader = process.env.ORCH_TEST_COMPOSE;
test.skipIf(!composeLoader)('docker compose reads the services, which run what orch would run', async () => {
  const project = createShop();
  await project.mustOrch(['export', 'compose', '--image', 'node:22,token=shop:1', '--out', '.']);
  const { stdout } = await execa(composeLoader!, [project.root], { env: environment });
  const { name, services, secrets } = JSON.parse(stdout);
  expect(name).toBe('shop');
  expect(services.api).toMatchObject({ image: 'node:22', init: true, network_mode: 'host' });
  expect(services.token).toMatchObject({ image: 'shop:1', environment: { API_TOKEN: 'secret-of-the-shell' } });
  expect(services.nightly.profiles).toEqual(['scheduled']);
  expect(secrets.key.file).toBe(join(project.root, 'key'));
  // The container has the project in /app, and its secrets in /run/secrets.
  const here = (text: string) => text.replaceAll('/run/secrets', project.root).replaceAll('/app', project.root);
  const run = async (service: string) => {
    const { entrypoint, environment: env, working_dir } = services[service];
    const given = Object.entries(env).filter(([, value]) => value !== null) as [string, string][];
    const [program, ...args] = entrypoint.map(here);
    const { stdout: shown } = await execa(program, args, {
      cwd: here(working_dir),
      env: { PATH: process.env.PATH, ...Object.fromEntries(given) },
      extendEnv: false,
    });
    return JSON.parse(shown);
  };
  expect(await run('api')).toEqual({ args: [HARD, '8000'], cwd: join(project.root, 'sub'), ...EXPECTED });
  expect(await run('pool.2')).toMatchObject({ args: ['9001', '2'], PORT: '9001', A: 'at 9001', ORCH_INSTANCE: '2' });
});

test.skipIf(!composeLoader)(
  'docker compose accepts the export of every example and of what every import gives',
  async () => {
    const root = makeDirectory('compose');
    onTestFinished(() => removeDirectory(root));
    const directories = await Promise.all(
      exportSources.map(async ([, directory, file], index) => {
        const files = { ...envFilesOf(directory), 'procs.yaml': readFileSync(join(directory, file), 'utf8') };
        const result = await exported('compose', files);
        for (const [name, text] of Object.entries({ ...files, ...result.files })) {
          mkdirSync(dirname(join(root, `${index}`, name)), { recursive: true });
          writeFileSync(join(root, `${index}`, name), text);
        }
        return join(root, `${index}`);
      }),
    );
    const asked = ['TOKEN', 'API_TOKEN', 'DATABASE_URL', 'REDIS_URL'].map((name) => [name, 'given']);
    const { stdout } = await execa(composeLoader!, directories, { env: Object.fromEntries(asked) });
    expect(stdout.split('\n').length).toBe(directories.length);
  },
);
