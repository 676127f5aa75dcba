// A supervisor that is stopped, or has a fault of its own, and one that has too many.
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createProject } from '../rig/project.ts';
import { killSupervisor, supervisorsOf, theSupervisor } from '../rig/supervisors.ts';
import { holdsFor, waitFor } from '../rig/wait-for.ts';
import { expectNoLineLost, FILES, mains } from './numbers.ts';

test('up says that a stopped supervisor does not answer, and starts nothing', async () => {
  const project = createProject(FILES);
  await project.up();
  const before = mains(project);
  const { pid } = theSupervisor(project);
  process.kill(pid, 'SIGSTOP');
  try {
    const up = await project.orch(['up', '-d'], { timeoutMs: 30_000 });
    expect(up.exitCode).toBe(1);
    expect(up.stderr).toMatch(/does not answer/);
    expect(up.stderr).toContain('kill -CONT');
    expect(supervisorsOf(project)).toHaveLength(1);
    expect(mains(project)).toEqual(before);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await project.up();
  expect(mains(project)).toEqual(before);
  expect(theSupervisor(project).pid).toBe(pid);
  await project.down();
  expectNoLineLost(project);
});

test('a new supervisor takes over after a fault and keeps its reason', async () => {
  const project = createProject(FILES);
  const hook = project.path('hook.cjs');
  writeFileSync(hook, "process.on('SIGUSR2', () => { throw new Error('a fault on request'); });\n");
  await project.mustOrch(['up', '-d', '--wait'], { env: { NODE_OPTIONS: `--require ${hook}` } });
  const before = mains(project);
  for (let round = 0; round < 3; round++) {
    const { pid } = theSupervisor(project);
    process.kill(pid, 'SIGUSR2');
    await waitFor(
      'another supervisor answers',
      async () => (await project.orch(['ps', '--json'])).stdout,
      (seen) => seen.includes('"supervisor"') && JSON.parse(seen).supervisor.pid !== pid,
    );
    expect(supervisorsOf(project)).toHaveLength(1);
    expect(mains(project)).toEqual(before);
  }
  const replaced = (await project.events()).filter(({ type }) => type === 'supervisor_replaced');
  expect(replaced[0]?.message).toContain('a fault on request');
  expect(project.read('.orch/supervisor.log')).toMatch(/a fault on request[\s\S]* at /);
  await project.down();
  expectNoLineLost(project);
});

test.for([
  ['from the start', ['-f', 'other.yaml', 'up', '-d', '--wait'], []],
  ['since a later up', ['up', '-d', '--wait'], ['-f', 'other.yaml', 'up', '-d', '--wait']],
])('the file that it followed %s is the one that its successor follows', async ([, first, then]) => {
  const yaml = (...names: string[]) =>
    `services:\n${names.map((name) => `  ${name}: { command: [sleep, "1000"] }\n`).join('')}`;
  const project = createProject({ 'procs.yaml': yaml('usual'), 'other.yaml': yaml('kept') });
  const env = { NODE_OPTIONS: `--require ${project.path('hook.cjs')}` };
  project.write('hook.cjs', "process.on('SIGUSR2', () => { throw new Error('a fault on request'); });\n");
  await project.mustOrch(first as string[], { env });
  if (then!.length > 0) await project.mustOrch(then as string[], { env });
  const before = mains(project);
  const { pid } = theSupervisor(project);
  process.kill(pid, 'SIGUSR2');
  const names = async () => {
    const { stdout } = await project.orch(['ps', '--json']);
    const seen = JSON.parse(stdout);
    return seen.supervisor?.pid === pid ? [] : seen.services?.map(({ name }: { name: string }) => name);
  };
  await waitFor('its successor answers', names, (seen) => seen?.join() === 'kept');
  expect(mains(project)).toEqual(before);
  project.edit('procs.yaml', yaml('usual', 'wrong'));
  project.edit('other.yaml', yaml('kept', 'added'));
  await waitFor('an edit of it is followed', names, (seen) => seen?.join() === 'kept,added');
  expect((await project.ps()).config.files).toEqual(['other.yaml']);
  await project.down();
});

test('repeated faults end in no supervisor, and instances keep running', async () => {
  const project = createProject(FILES);
  const hook = project.path('hook.cjs');
  const throwing =
    "if (process.argv[1].includes('supervisor')) setTimeout(() => { throw new Error('again'); }, 1500);\n";
  await project.up();
  const before = mains(project);
  writeFileSync(hook, throwing);
  await killSupervisor(project);
  await project.orch(['up', '-d'], { env: { NODE_OPTIONS: `--require ${hook}` } });
  await waitFor(
    'it has given up',
    () => project.read('.orch/supervisor.log'),
    // Between two of them there is none for a moment: only its own report identifies the last one.
    (log) => log.includes('`orch up` starts a new one') && supervisorsOf(project).length === 0,
    45_000,
  );
  await holdsFor(
    'it stays down',
    () => supervisorsOf(project),
    (seen) => seen.length === 0,
    1_000,
  );
  expect(project.read('.orch/supervisor.log')).toContain('`orch up` starts a new one');
  expect(mains(project)).toEqual(before);
  await project.up();
  expect(mains(project)).toEqual(before);
  await project.down();
  expectNoLineLost(project);
});
