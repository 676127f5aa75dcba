// The package as a user installs it: packed, installed in an empty prefix with an empty HOME, and used.
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import type { Status } from '../../src/api/protocol.ts';
import { cleanEnvironment } from '../rig/orch.ts';
import { createProject, type Project } from '../rig/project.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';
import { waitFor } from '../rig/wait-for.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const MAX_FILES = 60;

type Packed = { filename: string; files: { path: string }[] };

/** Of dist/ as it was built last; a directory without a build in the last hour has no stale chunks. */
async function pack(directory: string): Promise<Packed> {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', directory];
  const { stdout } = await execa('npm', args, { cwd: repository });
  return (JSON.parse(stdout) as Packed[])[0]!;
}

test('the package works where it is installed, with its schema, documents and library', async () => {
  const place = temporaryDirectory('package');
  const { filename, files } = await pack(place);
  const paths = files.map(({ path }) => path);
  expect(
    paths.filter((path) => !/^(dist|docs|schema)\/|^(README|CHANGELOG)\.md$|^LICENSE$|^package\.json$/.test(path)),
  ).toEqual([]);
  expect(paths.filter((path) => /\.(ts|map|mjs)$/.test(path) && !path.endsWith('.d.ts'))).toEqual([]);
  expect(paths.filter((path) => !path.startsWith('dist/')).length).toBeLessThan(MAX_FILES);

  const [prefix, home] = [join(place, 'prefix'), join(place, 'home')];
  mkdirSync(home);
  // Nothing else is needed: the add-ons are optional, everything else is in the bundles.
  const install = [
    'install',
    '--global',
    '--prefix',
    prefix,
    '--offline',
    '--omit=optional',
    '--no-audit',
    '--no-fund',
  ];
  const { PATH = '' } = process.env;
  const env = { ...cleanEnvironment(), HOME: home, PATH: `${join(prefix, 'bin')}:${PATH}` };
  const installed = await execa('npm', [...install, join(place, filename)], { env, extendEnv: false });
  expect(installed.stdout).toContain('added 1 package');
  const root = join(prefix, 'lib/node_modules/orch');
  for (const path of ['docs/guide/getting-started.md', 'docs/reference/procs-yaml.md', 'dist/THIRD-PARTY-LICENSES.txt'])
    expect(existsSync(join(root, path))).toBe(true);

  const project = createProject({ Procfile: 'web: sleep 1000\nworker: sleep 2000\n' });
  const orch = (...args: string[]) => runInstalled(project, env, args);
  expect((await orch('--version')).stdout).toMatch(/^\d+\.\d+\.\d+$/);
  expect((await orch('init')).stdout).toContain('wrote procs.yaml from Procfile');
  const [first] = project.read('procs.yaml').split('\n');
  const schema = /\$schema=(\S+)/.exec(first!)![1]!;
  expect(readFileSync(project.path(schema), 'utf8')).toBe(
    readFileSync(join(root, 'schema/procs.editor.schema.json'), 'utf8'),
  );
  expect(project.read('.orch/.gitignore')).toBe('*\n');
  expect((await orch('validate')).stdout).toContain('valid, 2 services');
  expect((await orch('up', '-d', '--wait')).exitCode).toBe(0);
  const status = JSON.parse((await orch('ps', '--json')).stdout) as Status;
  expect(status.services.map(({ name, ready }) => [name, ready])).toEqual([
    ['web', 1],
    ['worker', 1],
  ]);
  expect((await orch('run', 'web', '--', 'x')).exitCode).toBe(1); // sleep 1000 x
  mkdirSync(project.path('node_modules'));
  symlinkSync(root, project.path('node_modules/orch'));
  writeFileSync(
    project.path('ids.mjs'),
    "import { connect } from 'orch';\nconst orch = await connect();\nconsole.log((await orch.status()).project);\norch.close();\n",
  );
  const library = await execa('node', ['ids.mjs'], {
    cwd: project.root,
    env: { ...env, ...project.env },
    extendEnv: false,
  });
  expect(library.stdout).toBe(status.project);
  expect((await orch('down')).stdout).toContain('everything is down');
  await waitFor('all is gone', project.processes, (left) => left.length === 0);
});

function runInstalled(project: Project, env: Record<string, string>, args: string[]) {
  return execa('orch', args, { cwd: project.root, env: { ...env, ...project.env }, extendEnv: false, reject: false });
}
