// Edits of procs.yaml while it runs: the changed service alone is touched, and nothing on disk can do harm (I4, I6).
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { saveSlowly } from '../rig/edit.ts';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { holdsFor, waitFor } from '../rig/wait-for.ts';

function stack(version = '0', services = 20): string {
  const lines = ['services:'];
  for (let n = 1; n <= services; n++) {
    lines.push(`  s${n}:`, '    command: [sleep, "1000"]', `    env: { VERSION: "${n === 3 ? version : '0'}" }`);
  }
  return `${lines.join('\n')}\n`;
}

const running = (project: Project): Record<string, string> => incarnations(project.instances());

test.for(['plain', 'atomic'] as const)(
  'one edited service among many (%s save): it alone gets a new process',
  async (style) => {
    const project = createProject({ 'procs.yaml': stack() });
    await project.up();
    const before = running(project);
    project.edit('procs.yaml', stack('1'), style);
    await waitFor(
      's3 is another process',
      () => running(project),
      (seen) => 's3.1' in seen && seen['s3.1'] !== before['s3.1'],
    );
    await project.mustOrch(['wait', '--for', 'converged', '--timeout', '10s']);
    expect({ ...running(project), 's3.1': before['s3.1'] }).toEqual(before);
    const status = await project.ps();
    expect(status.generation).toBe(2);

    project.edit('procs.yaml', `# a comment\n${stack('1')}  # another\n`, style);
    const after = running(project);
    await holdsFor(
      'an edit of a comment restarts nothing',
      () => running(project),
      (seen) => JSON.stringify(seen) === JSON.stringify(after),
      700,
    );
    await project.down();
  },
);

test('a changed live key is applied without a restart', async () => {
  const project = createProject({ 'procs.yaml': 'services:\n  a: { command: [sleep, "1000"] }\n' });
  await project.up();
  const before = running(project);
  project.edit(
    'procs.yaml',
    'services:\n  a: { command: [sleep, "1000"], stop: { grace: 3s }, restart: always, description: changed }\n',
  );
  await waitFor(
    'the edit is applied',
    async () => (await project.ps()).generation,
    (seen) => seen === 2,
  );
  expect(running(project)).toEqual(before);
  await project.down();
});

test('an added service starts, a removed one stops, and `services: {}` stops all', async () => {
  const project = createProject({ 'procs.yaml': stack('0', 2) });
  await project.up();
  project.edit('procs.yaml', stack('0', 3));
  await waitFor(
    'three run',
    () => Object.keys(running(project)),
    (seen) => seen.join() === 's1.1,s2.1,s3.1',
  );
  project.edit('procs.yaml', stack('0', 1));
  await waitFor(
    'one runs',
    () => Object.keys(running(project)),
    (seen) => seen.join() === 's1.1',
  );
  project.edit('procs.yaml', 'services: {}\n');
  await waitFor(
    'none runs',
    () => Object.keys(running(project)),
    (seen) => seen.length === 0,
  );
  expect((await project.ps()).services).toEqual([]);
  await project.down();
});

describe('what is on disk is not a valid configuration', () => {
  const cases: [string, (project: Project) => void][] = [
    ['empty', (project) => project.edit('procs.yaml', '', 'plain')],
    ['only a comment', (project) => project.edit('procs.yaml', '# gone\n')],
    [
      'torn in the middle of a key',
      (project) => project.edit('procs.yaml', stack().slice(0, stack().indexOf('s7:') + 1), 'plain'),
    ],
    ['no services key', (project) => project.edit('procs.yaml', 'name: x\n')],
    ['an unknown key', (project) => project.edit('procs.yaml', `${stack()}    poool: 3\n`)],
    ['a syntax error', (project) => project.edit('procs.yaml', `${stack()}\t- x: [\n`)],
    [
      'merge conflict markers',
      (project) => project.edit('procs.yaml', `<<<<<<< HEAD\n${stack()}=======\n${stack('1')}>>>>>>> topic\n`),
    ],
    ['not UTF-8', (project) => writeFileSync(project.path('procs.yaml'), Buffer.from([0x73, 0xff, 0xfe, 0x0a]))],
    ['deleted', (project) => rmSync(project.path('procs.yaml'))],
    [
      'a directory in its place',
      (project) => {
        rmSync(project.path('procs.yaml'));
        mkdirSync(project.path('procs.yaml'));
      },
    ],
    [
      'a link to nowhere',
      (project) => {
        rmSync(project.path('procs.yaml'));
        symlinkSync('nowhere.yaml', project.path('procs.yaml'));
      },
    ],
  ];

  test('orch rejects it with its position, keeps instances running, and applies a good edit afterwards', async () => {
    const project = createProject({ 'procs.yaml': stack() });
    await project.up();
    const before = running(project);
    for (const [name, spoil] of cases) {
      spoil(project);
      const status = await waitFor(`${name}: rejected`, project.ps, (seen) => seen.config.status === 'rejected');
      expect(status.config.problems.length, name).toBeGreaterThan(0);
      expect(status.config.problems[0], name).toMatchObject({
        file: 'procs.yaml',
        message: expect.stringMatching(/\w/),
      });
      expect(running(project), name).toEqual(before);
      rmSync(project.path('procs.yaml'), { recursive: true, force: true });
      project.edit('procs.yaml', stack());
      await waitFor(`${name}: applied again`, project.ps, (seen) => seen.config.status === 'applied');
      expect(running(project), name).toEqual(before);
    }
    await project.down();
  });
});

test('a slow save is applied only once the file has settled', async ({ skip }) => {
  const project = createProject({ 'procs.yaml': stack() });
  await project.up();
  // A prefix that stays for longer than orch waits is a file like any other: such a round proves nothing.
  for (let round = 1; round <= 8; round++) {
    const before = running(project);
    const touched = new Set<string>();
    let isSaving = true;
    const saving = saveSlowly(project.path('procs.yaml'), stack(String(round)), 40, 20).finally(() => {
      isSaving = false;
    });
    while (isSaving) {
      const seen = running(project);
      for (const id of Object.keys(before)) if (id !== 's3.1' && seen[id] !== before[id]) touched.add(id);
      await pause(10);
    }
    const longestPauseMs = await saving;
    await waitFor(
      'all is applied',
      () => running(project),
      (seen) => 's3.1' in seen && seen['s3.1'] !== before['s3.1'],
    );
    await project.mustOrch(['wait', '--for', 'converged', '--timeout', '10s']);
    if (longestPauseMs > 40) continue;
    expect([...touched]).toEqual([]);
    expect({ ...running(project), 's3.1': before['s3.1'] }).toEqual(before);
    await project.down();
    return;
  }
  await project.down();
  skip('this machine is too busy to write every 20 ms');
});

test('a switched symlink, as Kubernetes switches ..data, counts as an edit', async () => {
  const project = createProject({ 'v1/procs.yaml': stack('0', 3), 'v2/procs.yaml': stack('1', 3) });
  symlinkSync('v1', project.path('..data'));
  symlinkSync('..data/procs.yaml', project.path('procs.yaml'));
  await project.up();
  const before = running(project);
  symlinkSync('v2', project.path('..data_new'));
  renameSync(project.path('..data_new'), project.path('..data'));
  await waitFor(
    's3 is another process',
    () => running(project),
    (seen) => 's3.1' in seen && seen['s3.1'] !== before['s3.1'],
  );
  expect({ ...running(project), 's3.1': before['s3.1'] }).toEqual(before);
  await project.down();
});

test('orch also watches overlay, included and dotenv files', async () => {
  const project = createProject({
    'procs.yaml': 'include: [more.yaml]\nenv_files: [.env]\nservices:\n  a: { command: [sleep, "1000"] }\n',
    'more.yaml': 'services:\n  b: { command: [sleep, "1000"] }\n',
    'procs.dev.yaml': 'services:\n  c: { command: [sleep, "1000"] }\n',
    '.env': 'KEY=1\n',
  });
  await project.mustOrch(['-e', 'dev', 'up', '-d', '--wait']);
  const before = running(project);
  expect(Object.keys(before)).toEqual(['a.1', 'b.1', 'c.1']);
  project.edit('more.yaml', 'services:\n  b: { command: [sleep, "1001"] }\n');
  await waitFor(
    'b is another process',
    () => running(project),
    (seen) => 'b.1' in seen && seen['b.1'] !== before['b.1'],
  );
  project.edit('procs.dev.yaml', 'services:\n  c: { command: [sleep, "1001"] }\n');
  const after = await waitFor(
    'c is another process',
    () => running(project),
    (seen) => 'c.1' in seen && seen['c.1'] !== before['c.1'],
  );
  expect(after['a.1']).toBe(before['a.1']);
  project.edit('.env', 'KEY=2\n');
  await waitFor(
    'all were replaced',
    () => running(project),
    (seen) => 'a.1' in seen && seen['a.1'] !== before['a.1'],
  );
  await project.down();
});

test('scale edits the file and keeps its comments; --ephemeral does not edit it', async () => {
  const text = '# top\nservices:\n  a: # the service\n    command: [sleep, "1000"]\n    pool: 2   # how many\n';
  const project = createProject({ 'procs.yaml': text }, { readyAfter: true });
  await project.up();
  const before = running(project);
  await project.mustOrch(['scale', 'a=4']);
  expect(project.read('procs.yaml')).toBe(text.replace('pool: 2', 'pool: 4'));
  await waitFor(
    'four run',
    () => Object.keys(running(project)).length,
    (seen) => seen === 4,
  );
  await project.mustOrch(['scale', '--ephemeral', 'a=1']);
  expect(project.read('procs.yaml')).toBe(text.replace('pool: 2', 'pool: 4'));
  await waitFor(
    'one runs',
    () => running(project),
    (seen) => Object.keys(seen).join() === 'a.1' && seen['a.1'] === before['a.1'],
  );
  expect((await project.ps()).services[0]!.override).toEqual({ pool: 1 });
  await project.down();
});

test('`up` with another file starts another project that follows that file', async () => {
  const yaml = (seconds: number): string => `services:\n  api: { command: [sleep, '${seconds}'] }\n`;
  const project = createProject({ 'procs.yaml': yaml(1001), 'other.yaml': yaml(2001) });
  const runs = (seconds: number) =>
    waitFor(`sleep ${seconds} runs`, project.instances, (found) =>
      found.some(({ command }) => command === `sleep ${seconds}`),
    );
  const other = (...args: string[]) => project.mustOrch(['-f', 'other.yaml', ...args]);
  await project.up();
  await other('up', '-d', '--wait');
  await runs(2001);
  project.edit('other.yaml', yaml(2002));
  await runs(2002);
  await other('scale', 'api=2');
  expect(project.read('other.yaml')).toContain('pool: 2');
  expect(project.read('procs.yaml')).not.toContain('pool');
  await other('wait');
  await other('upgrade');
  const { supervisor } = JSON.parse((await other('ps', '--json')).stdout);
  process.kill(supervisor.pid, 'SIGHUP'); // it reads its file again
  project.edit('procs.yaml', yaml(1002));
  await runs(1002);
  await runs(2002);
  await other('down');
  expect(project.instances().map(({ command }) => command)).toEqual(['sleep 1002']);
  await project.down();
});
