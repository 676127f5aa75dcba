// Where the state of a project is: one for each file, and anywhere with `--state-dir` or ORCH_STATE_DIR.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { expect, test } from 'vitest';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const sleeper = (name: string, more = ''): string => `
services:
  ${name}: { command: [sleep, "1000"], ready_after: 10ms${more} }
`;
const up = (project: Project, args: string[] = [], env: Record<string, string> = {}) =>
  project.mustOrch([...args, 'up', '-d', '--wait', '--timeout', '20s'], { env });
const servicesOf = async (project: Project, args: string[], env: Record<string, string> = {}) => {
  const { stdout } = await project.mustOrch([...args, 'ps', '--json'], { env });
  return (JSON.parse(stdout) as { services: { name: string }[] }).services.map(({ name }) => name);
};

test('two files of a directory are two projects', async () => {
  const project = createProject({ 'a.yaml': sleeper('a'), 'b.yaml': sleeper('b'), 'procs.yaml': sleeper('main') });
  await up(project, ['-f', 'a.yaml']);
  await up(project, ['-f', 'b.yaml']);
  await up(project);
  expect(await servicesOf(project, ['-f', 'a.yaml'])).toEqual(['a']);
  expect(await servicesOf(project, ['-f', 'b.yaml'])).toEqual(['b']);
  expect(await servicesOf(project, [])).toEqual(['main']);
  expect(
    project
      .instances()
      .map(({ instance }) => instance)
      .sort(),
  ).toEqual(['a.1', 'b.1', 'main.1']);
  await project.mustOrch(['down']);
  await project.mustOrch(['-f', 'b.yaml', 'down']);
  expect(project.instances().map(({ instance }) => instance)).toEqual(['a.1']);
  await project.mustOrch(['-f', 'a.yaml', 'down']);
});

test('a killed supervisor of one file is followed by one of that file only', async () => {
  const project = createProject({ 'a.yaml': sleeper('a'), 'b.yaml': sleeper('b') });
  await up(project, ['-f', 'a.yaml']);
  const before = incarnations(project.instances());
  const { stdout } = await project.mustOrch(['-f', 'a.yaml', 'ps', '--json']);
  process.kill((JSON.parse(stdout) as { supervisor: { pid: number } }).supervisor.pid, 'SIGKILL');
  await up(project, ['-f', 'b.yaml']);
  expect(await servicesOf(project, ['-f', 'b.yaml'])).toEqual(['b']);
  await up(project, ['-f', 'a.yaml']);
  expect(incarnations(project.instances())).toMatchObject(before);
  for (const file of ['a.yaml', 'b.yaml']) await project.mustOrch(['-f', file, 'down']);
});

test.each(['option', 'variable'])('the state is where the %s says', async (how) => {
  const project = createProject({
    'procs.yaml': sleeper('a').replace('[sleep, "1000"]', '"echo hello; exec sleep 1000"'),
  });
  const state = project.path('elsewhere/state');
  const [args, env]: [string[], Record<string, string>] =
    how === 'option' ? [['--state-dir', 'elsewhere/state'], {}] : [[], { ORCH_STATE_DIR: state }];
  await up(project, args, env);
  expect(existsSync(join(state, 'state.json'))).toBe(true);
  expect(existsSync(project.path('.orch'))).toBe(false);
  expect(await servicesOf(project, args, env)).toEqual(['a']);
  await waitFor('its line is written', () => existsSync(join(state, 'logs/default.log')), Boolean);
  expect((await project.mustOrch([...args, 'logs'], { env })).stdout).toContain('hello');
  await project.mustOrch([...args, 'down'], { env });
  expect(project.instances()).toEqual([]);
});

test('a project has one supervisor, whatever state directory is named', async () => {
  const project = createProject({ 'procs.yaml': sleeper('a') });
  await up(project, ['--state-dir', 'one']);
  const second = await project.orch(['--state-dir', 'two', 'up', '-d']);
  expect(second.exitCode).toBe(4);
  expect(project.instances().length).toBe(1);
  await project.mustOrch(['--state-dir', 'one', 'down']);
});

test('a project with a long path is found with another TMPDIR', async () => {
  const place = createProject({});
  const directory = `${'d'.repeat(120)}/shop`;
  place.write(`${directory}/procs.yaml`, sleeper('a'));
  mkdirSync(place.path('tmp'));
  const cwd = place.path(directory);
  await place.mustOrch(['up', '-d', '--wait', '--timeout', '20s'], { cwd });
  await place.mustOrch(['ps'], { cwd, env: { TMPDIR: place.path('tmp') } });
  await place.mustOrch(['down'], { cwd, env: { TMPDIR: place.path('tmp') } });
  expect(place.instances()).toEqual([]);
});

test('two projects with one state directory: the second is refused, and the first is named', async () => {
  const [first, second] = [
    createProject({ 'procs.yaml': sleeper('a') }),
    createProject({ 'procs.yaml': sleeper('b') }),
  ];
  const env = { ORCH_STATE_DIR: first.path('state') };
  await up(first, [], env);
  for (const command of [['up', '-d'], ['ps'], ['down']]) {
    const refused = await second.orch(command, { env });
    expect(refused).toMatchObject({ exitCode: 4, stderr: expect.stringContaining(join(first.root, 'procs.yaml')) });
  }
  expect(first.instances().length).toBe(1);
  process.kill(
    (JSON.parse((await first.mustOrch(['ps', '--json'], { env })).stdout) as { supervisor: { pid: number } }).supervisor
      .pid,
    'SIGKILL',
  );
  expect(await second.orch(['up', '-d'], { env })).toMatchObject({
    exitCode: 4,
    stderr: expect.stringContaining(join(first.root, 'procs.yaml')),
  });
  await first.mustOrch(['down'], { env });
  expect(first.instances()).toEqual([]);
});

test('ORCH_STATE_DIR of a program is for its own project only', async () => {
  const other = createProject({ 'procs.yaml': sleeper('b') });
  const line = `orch ps --json > own.json; orch -f ${other.path('procs.yaml')} ps > other.txt 2>&1; touch done; exec sleep 1000`;
  const project = createProject({
    'procs.yaml': sleeper('a', `, readiness: { exec: [test, -e, done] }`).replace(
      '[sleep, "1000"]',
      JSON.stringify(line.replaceAll('orch ', 'node $MAIN ')),
    ),
  });
  const { MAIN } = await import('../rig/orch.ts');
  await up(project, ['--state-dir', 'state'], { MAIN });
  expect(JSON.parse(await project.read('own.json'))).toMatchObject({ services: [{ name: 'a' }] });
  expect(await project.read('other.txt')).toContain('no supervisor runs');
  await project.mustOrch(['--state-dir', 'state', 'down']);
});

/** Only root may mount. */
const mayMount = process.getuid?.() === 0 && execaSync('unshare', ['-m', 'true'], { reject: false }).exitCode === 0;

test.runIf(mayMount)('a read-only file system is named, with the way out', async () => {
  const project = createProject({ 'procs.yaml': sleeper('a') });
  const { MAIN } = await import('../rig/orch.ts');
  mkdirSync(project.path('ro'));
  const script = `mount -t tmpfs none ro && cp procs.yaml ro && mount -o remount,ro ro && cd ro || exit 99
    ${process.execPath} ${MAIN} up -d; echo "exit $?"
    ${process.execPath} ${MAIN} --state-dir ../state up -d --wait --timeout 20s && ${process.execPath} ${MAIN} --state-dir ../state down`;
  const { stdout, stderr } = execaSync('unshare', ['-m', 'sh', '-c', script], { cwd: project.root });
  expect(stderr).toContain('the file system is read-only (EROFS)');
  expect(stderr).toContain('--state-dir');
  expect(stdout).toContain('exit 1');
  expect(stdout).toContain('everything is down (1 instance stopped)');
});
