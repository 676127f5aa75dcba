// `.orch/` deleted, or spoilt, under a supervisor and without one: nothing is started twice, nothing that runs is touched.
import {
  appendFileSync,
  existsSync,
  lstatSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { expect, test } from 'vitest';
import { projectPaths } from '../../src/api/paths.ts';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { killSupervisor, mainsOf, supervisorsOf, theSupervisor } from '../rig/supervisors.ts';
import { holdsFor, waitFor } from '../rig/wait-for.ts';

const YAML = 'services:\n  a: { command: [sleep, "1000"], pool: 3 }\n  b: { command: [sleep, "1000"] }\n';
const running = (project: Project) => incarnations(project.instances());

test('the supervisor recreates a deleted .orch, and a second up joins the same supervisor', async () => {
  const project = createProject({ 'procs.yaml': YAML });
  await project.up();
  const before = running(project);
  const { pid } = theSupervisor(project);
  rmSync(project.path('.orch'), { recursive: true, maxRetries: 20 });
  const again = await project.orch(['up', '-d', '--wait']);
  expect(again.exitCode, again.stderr).toBe(0);
  expect(theSupervisor(project).pid).toBe(pid);
  expect(running(project)).toEqual(before);
  expect((await project.events()).map(({ type }) => type)).toContain('state_dir_restored');
  // It starts and stops as before.
  await project.mustOrch(['restart', 'b']);
  await project.mustOrch(['scale', '--ephemeral', 'a=4']);
  await waitFor(
    'a.4 runs',
    () => running(project),
    (seen) => 'a.4' in seen && 'b.1' in seen,
  );
  await project.down();
});

test('the supervisor is reachable again after .orch/run was emptied, and starts and logs as before', async () => {
  const project = createProject({
    'procs.yaml': `${YAML}  loud: { command: 'while :; do date +%s%N; sleep 0.05; done' }\n`,
  });
  await project.up();
  const before = incarnations(mainsOf(project));
  const { pid } = theSupervisor(project);
  const lines = () => project.read('.orch/logs/default.log').split('\n').length;
  rmSync(project.path('.orch/run'), { recursive: true, maxRetries: 20 });
  await waitFor(
    'a supervisor answers',
    async () => (await project.orch(['ps'])).exitCode,
    (code) => code === 0,
  );
  expect(theSupervisor(project).pid).toBe(pid);
  expect(incarnations(mainsOf(project))).toEqual(before);
  expect((await project.events()).filter(({ type }) => type === 'state_dir_restored')).toHaveLength(1);
  const count = lines();
  await waitFor('what runs is logged', lines, (seen) => seen > count + 3);
  await project.mustOrch(['restart', 'loud']);
  await project.mustOrch(['scale', '--ephemeral', 'a=4']);
  await project.mustOrch(['wait', '--for', 'ready', '--timeout', '10s', 'a', 'loud']);
  const countNow = lines();
  await waitFor('what was started again is logged', lines, (seen) => seen > countNow + 3);
  await project.down();
});

test('up finds every instance after a crash with a deleted .orch', async () => {
  const project = createProject({ 'procs.yaml': YAML });
  await project.up();
  const before = running(project);
  rmSync(project.path('.orch'), { recursive: true, maxRetries: 20 });
  await killSupervisor(project);
  await project.up();
  expect(running(project)).toEqual(before);
  await project.down();
});

test('down ends every instance after a crash with a deleted .orch', async () => {
  const project = createProject({ 'procs.yaml': YAML });
  await project.up();
  await killSupervisor(project);
  rmSync(project.path('.orch'), { recursive: true, maxRetries: 20 });
  const down = await project.mustOrch(['down', '--json']);
  expect(JSON.parse(down.stdout)).toEqual({ stopped: 4, leftovers: [] });
  expect(project.instances()).toEqual([]);
  expect((await project.mustOrch(['down'])).stdout).toBe('nothing is running\n');
});

/** What may have become of the state file. */
const SPOILT: [how: string, spoil: (path: string) => void][] = [
  ['truncated', (path: string) => truncateSync(path, Math.floor(readFileSync(path).length / 2))],
  ['empty', (path: string) => truncateSync(path, 0)],
  ['garbage', (path: string) => writeFileSync(path, Buffer.from([0, 255, 1, 254, 10, 123]))],
  [
    'of a later version',
    (path: string) => writeFileSync(path, readFileSync(path, 'utf8').replace('"version":1', '"version":99')),
  ],
  [
    'with a slot that is none',
    (path: string) => writeFileSync(path, readFileSync(path, 'utf8').replace('"kind":"alive"', '"kind":"odd"')),
  ],
  ['with phases that lack everything', (path: string) => writeFileSync(path, spoiltPhases(path))],
  [
    'with prototype keys',
    (path: string) =>
      writeFileSync(
        path,
        '{"version":1,"__proto__":{"x":1},"slots":[{"id":"a.1","phase":{"kind":"idle"},"restarts":0,"constructor":1}]}',
      ),
  ],
  ['with more behind it', (path: string) => appendFileSync(path, '}}}')],
];

test('a damaged state file ends no instance', async () => {
  const project = createProject({ 'procs.yaml': YAML });
  await project.up();
  const before = running(project);
  for (const [how, spoil] of SPOILT) {
    await waitFor(
      'the state is written',
      () => readState(project).split('"alive"').length - 1,
      (seen) => seen === 4,
    );
    await killSupervisor(project);
    spoil(project.path('.orch/state.json'));
    await project.up();
    expect(running(project), how).toEqual(before);
    expect(supervisorsOf(project), how).toHaveLength(1);
  }
  await project.down();
});

const IN_PLACE_OF_SOCKET: [what: string, put: ((path: string, target: string) => void) | null][] = [
  ['a socket without a listener', null],
  ['a file', (path: string) => writeFileSync(path, 'not a socket')],
  ['a link to a file of ours', (path: string, target: string) => symlinkSync(target, path)],
  ['a link to nowhere', (path: string) => symlinkSync('/no/such/place', path)],
];

test('orch replaces a file in the place of the socket, but not the target of a link', async () => {
  const project = createProject({ 'procs.yaml': YAML, 'mine.txt': 'mine' });
  await project.up();
  const before = running(project);
  const { socket } = projectPaths(project.root);
  for (const [what, put] of IN_PLACE_OF_SOCKET) {
    await killSupervisor(project);
    if (put) rmSync(socket);
    put?.(socket, project.path('mine.txt'));
    expect((await project.orch(['ps'])).exitCode, what).toBe(3);
    await project.up();
    expect(lstatSync(socket).isSocket(), what).toBe(true);
    expect(project.read('mine.txt'), what).toBe('mine');
    expect(running(project), what).toEqual(before);
  }
  await project.down();
});

test('up reports a file in the place of .orch and starts nothing', async () => {
  const project = createProject({ 'procs.yaml': YAML, '.orch': 'a file' });
  const up = await project.orch(['up', '-d']);
  expect(up.exitCode).toBe(1);
  expect(up.stderr).toMatch(/\.orch is not a directory/);
  await holdsFor(
    'nothing runs',
    () => project.instances().length,
    (seen) => seen === 0,
    200,
  );
  rmSync(project.path('.orch'));
  expect(existsSync(project.path('.orch'))).toBe(false);
});

const readState = (project: Project): string => {
  const path = project.path('.orch/state.json');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};

function spoiltPhases(path: string): string {
  const state = JSON.parse(readFileSync(path, 'utf8')) as { slots: { phase: object; spec: unknown }[] };
  for (const [index, slot] of state.slots.entries()) {
    slot.phase = [{ kind: 'alive' }, { kind: 'stopping', process: null }, { kind: 'backoff', untilMs: 'soon' }][
      index % 3
    ]!;
    if (index === 1) slot.spec = { specHash: 7 };
  }
  return JSON.stringify(state);
}
