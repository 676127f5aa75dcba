// A configuration in several files, with real processes: included files, several overlays, the personal one.
import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { applied, converge } from '../rig/applied.ts';
import { git as gitIn } from '../rig/git.ts';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const running = (project: Project): Record<string, string> => incarnations(project.instances());

test('a new file that an include matches is an edit, and so is its removal; it runs in its own directory', async () => {
  const project = createProject({
    'procs.yaml': 'include: [{ path: "services/*/procs.yaml", as: relative }]\nservices: {}\n',
    'services/a/procs.yaml': 'services:\n  a: { command: [sleep, "1000"] }\n',
  });
  await project.mustOrch(['up', '-d', '--wait']);
  const before = running(project);
  expect(Object.keys(before)).toEqual(['a.1']);
  mkdirSync(project.path('services/b'));
  project.edit('services/b/procs.yaml', 'services:\n  b: { command: [sleep, "1000"] }\n');
  const both = await waitFor(
    'b runs',
    () => running(project),
    (seen) => 'b.1' in seen,
  );
  expect(both['a.1']).toBe(before['a.1']);
  const [pid] = both['b.1']!.split('@');
  expect(realpathSync(`/proc/${pid}/cwd`)).toBe(realpathSync(project.path('services/b')));
  rmSync(project.path('services/b'), { recursive: true });
  const after = await waitFor(
    'b is gone',
    () => running(project),
    (seen) => !('b.1' in seen),
  );
  expect(after).toEqual(before);
  await project.down();
});

const sleeper = (name: string, pool: number): string =>
  `services:\n  ${name}: { command: [sleep, "1000"], pool: ${pool} }\n`;
const LAYERS = {
  'procs.yaml': sleeper('a', 1),
  'procs.dev.yaml': 'services: { a: { pool: 2 } }\n',
  'procs.eu.yaml': 'services: { a: { pool: 3 } }\n',
};
const WITH_PERSONAL = { ...LAYERS, 'procs.local.yaml': 'services: { a: { pool: 4 } }\n' };
const namesOf = (project: Project): string[] => Object.keys(running(project));
const sizeOf = (project: Project): number => namesOf(project).filter((name) => name.startsWith('a.')).length;

test('several overlays are applied in their order, and the list stays in force until it is switched', async () => {
  const project = createProject(LAYERS);
  await project.mustOrch(['-e', 'dev', 'up', '-d', '--wait', '-e', 'eu']);
  expect(sizeOf(project)).toBe(3);
  expect((await project.ps()).env).toBe('dev,eu');
  for (const args of [['-e', 'dev'], ['-e', 'eu,dev'], []]) {
    const refused = await project.orch([...args, 'up', '-d']);
    expect([args, refused.exitCode]).toEqual([args, 4]);
    expect(refused.stderr).toContain('`-e dev,eu` keeps it');
  }
  const plan = await project.orch(['-e', 'eu', '-e', 'dev', 'plan', '--json']);
  expect(JSON.parse(plan.stdout)).toMatchObject({ environment: { from: 'dev,eu', to: 'eu,dev' } });
  await project.mustOrch(['-e', 'dev, eu', 'scale', 'a=1']);
  expect(project.read('procs.eu.yaml')).toContain('pool: 1');
  await project.mustOrch(['upgrade']);
  await converge(project);
  expect([(await project.ps()).env, sizeOf(project)]).toEqual(['dev,eu', 1]);
  await project.mustOrch(['up', '-d', '--wait', '--switch'], { env: { ORCH_ENV: 'eu,dev' } });
  expect(sizeOf(project)).toBe(2);
  await project.down();
});

test('the personal overlay is on top of every environment: in ps, config, plan, edits and its removal', async () => {
  const project = createProject(WITH_PERSONAL);
  await project.mustOrch(['-e', 'dev', 'up', '-d', '--wait']);
  expect(sizeOf(project)).toBe(4);
  const status = await project.ps();
  expect(status.env).toBe('dev');
  expect(status.config.files).toEqual(['procs.yaml', 'procs.dev.yaml', 'procs.local.yaml']);
  expect((await project.mustOrch(['ps'])).stdout).toContain('with procs.local.yaml (--no-local leaves it out)');
  const config = await project.mustOrch(['-e', 'dev', 'config']);
  expect(config.stdout).toMatch(/^# with procs.local.yaml/);
  await applied(project, () => rmSync(project.path('procs.local.yaml')));
  await converge(project);
  expect(sizeOf(project)).toBe(2);
  await applied(project, () => project.write('procs.local.yaml', sleeper('mine', 1)));
  await converge(project);
  expect(namesOf(project)).toEqual(['a.1', 'a.2', 'mine.1']);
  await project.down();
});

test('an up with --no-local leaves the personal overlay out until another up', async () => {
  const project = createProject(WITH_PERSONAL);
  await project.mustOrch(['--no-local', 'up', '-d', '--wait']);
  expect(sizeOf(project)).toBe(1);
  await applied(project, () => project.edit('procs.yaml', `${sleeper('a', 1)}  b: { command: [sleep, "1000"] }\n`));
  await project.mustOrch(['upgrade']);
  await converge(project);
  expect(namesOf(project)).toEqual(['a.1', 'b.1']);
  expect((await project.orch(['plan', '--no-local'])).exitCode).toBe(0);
  expect((await project.orch(['plan'])).exitCode).toBe(2);
  await project.mustOrch(['up', '-d', '--wait']);
  expect(namesOf(project)).toEqual(['a.1', 'a.2', 'a.3', 'a.4', 'b.1']);
  await project.mustOrch(['up', '-d', '--wait'], { env: { ORCH_NO_LOCAL: '1' } });
  expect(namesOf(project)).toEqual(['a.1', 'b.1']);
  await project.down();
});

test('a plan of commits has the personal overlay on both sides, and the others as the commits have them', async () => {
  const project = createProject(LAYERS);
  const git = (...args: string[]) => gitIn(project.root, ...args);
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'one');
  project.edit('procs.eu.yaml', 'services: { a: { pool: 5 } }\n');
  git('commit', '-qam', 'two');
  project.write('procs.local.yaml', 'services: { a: { command: [sleep, "1001"] } }\n');
  const changesOf = async (...args: string[]) => {
    const plan = await project.orch(['-e', 'dev,eu', 'plan', '--json', ...args]);
    return (JSON.parse(plan.stdout) as { changes: { action: string }[] }).changes.map(({ action }) => action);
  };
  expect(await changesOf('HEAD~1..HEAD')).toEqual(['scale']);
  expect(await changesOf('HEAD')).toEqual([]);
  expect((await project.orch(['plan', 'HEAD'])).stdout).toContain('with procs.local.yaml of the disk on both sides');
  expect((await project.orch(['plan', 'HEAD', '--no-local'])).stdout).not.toContain('procs.local.yaml');
});
