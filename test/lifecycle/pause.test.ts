// `orch pause`: edits wait until `orch resume`, whatever happens to the supervisor meanwhile.
import { expect, test } from 'vitest';
import { createProject, incarnations, instanceOf, type Project } from '../rig/project.ts';
import { killSupervisor, supervisorsOf } from '../rig/supervisors.ts';
import { holdsFor, waitFor } from '../rig/wait-for.ts';

const FILE = `
services:
  api: { command: [sleep, "1000"], env: { VERSION: "1" } }
  web: { command: [sleep, "1000"], pool: 2 }
`;
const EDITED = FILE.replace('"1"', '"2"');
const running = (project: Project) => incarnations(project.instances());
const untilHeld = (project: Project, edits = 1) =>
  waitFor(
    `${edits} edits wait`,
    async () => (await project.ps()).config,
    ({ status, paused }) => status === 'held' && paused?.edits === edits,
  );

test('while paused, edits wait and are shown, crashes are restarted; resume applies them', async () => {
  const project = createProject({ 'procs.yaml': FILE });
  await project.up();
  const before = running(project);
  expect((await project.mustOrch(['pause'])).stdout).toContain('edits are paused (no edit so far)');
  expect((await project.mustOrch(['pause'])).stdout).toMatch(/edits are paused since \d\d:\d\d:\d\d/);
  project.edit('procs.yaml', EDITED);
  const { held } = await untilHeld(project);
  expect(held).toMatchObject({
    reasons: [{ rule: 'paused' }],
    summary: '1 change: 1 restarts',
    command: 'orch resume',
  });
  project.edit('procs.yaml', EDITED.replace('pool: 2', 'pool: 3'));
  await untilHeld(project, 2);
  expect(running(project)).toEqual(before);
  expect((await project.ps()).generation).toBe(1);
  const shown = (await project.mustOrch(['ps'])).stdout;
  expect(shown).toMatch(
    /^Edits are paused since \d\d:\d\d:\d\d, 2 edits wait; `orch resume` applies them \(2 changes: 1 restarts, 1 scales\)\./,
  );
  // What is applied has converged; that something waits is said.
  const waited = await project.mustOrch(['wait', '--json']);
  expect(JSON.parse(waited.stdout)).toMatchObject({ held: { command: 'orch resume' } });
  expect(waited.stderr).toContain('note: the edit on disk is held');
  const { pid } = instanceOf(await project.ps(), 'api.1');
  process.kill(pid!, 'SIGKILL');
  await waitFor('api.1 is back', project.ps, (status) => instanceOf(status, 'api.1').restarts === 1);
  const resumed = await project.mustOrch(['resume', '--wait', '--json']);
  expect(JSON.parse(resumed.stdout)).toMatchObject({ edits: 2, generation: 2 });
  expect(Object.keys(running(project))).toEqual(['api.1', 'web.1', 'web.2', 'web.3']);
  expect(running(project)).toMatchObject({ 'web.1': before['web.1'], 'web.2': before['web.2'] });
  expect((await project.ps()).config).toEqual({ files: ['procs.yaml'], status: 'applied', problems: [] });
  expect((await project.events()).map(({ type }) => type)).toEqual(
    expect.arrayContaining(['edits_paused', 'config_held', 'edits_resumed', 'config_applied']),
  );
  expect((await project.mustOrch(['resume'])).stdout).toContain('edits were not paused');
  await project.down();
});

test('up while an edit waits is refused with the way out; without one it does what it is asked', async () => {
  const project = createProject({ 'procs.yaml': `${FILE}  late: { command: [sleep, "1000"], profiles: [late] }\n` });
  await project.up();
  await project.mustOrch(['pause']);
  const { stdout } = await project.up('late');
  expect(stdout).toContain('Edits are paused since');
  expect(Object.keys(running(project))).toContain('late.1');
  const before = running(project);
  project.edit('procs.yaml', EDITED);
  await untilHeld(project);
  for (const args of [
    ['up', '-d', '--wait'],
    ['up', '--no-tui'],
  ]) {
    const refused = await project.orch(args);
    expect(refused).toMatchObject({ exitCode: 4, stdout: '' });
    expect(refused.stderr).toContain('error: the files are not applied: edits are paused (');
    expect(refused.stderr).toContain('hint: `orch resume` applies them');
  }
  expect(running(project)).toEqual(before);
  // Undone on disk, nothing waits.
  project.edit('procs.yaml', `${FILE}  late: { command: [sleep, "1000"], profiles: [late] }\n`);
  await waitFor('nothing waits', project.ps, ({ config }) => config.status === 'applied' && config.paused?.edits === 0);
  await project.down();
  // `down` ends the pause.
  await project.up();
  expect((await project.ps()).config.paused).toBeUndefined();
  await project.down();
});

test('a pause and what waits outlive a killed supervisor and an upgrade', async () => {
  const project = createProject({ 'procs.yaml': FILE }, { env: { ORCH_RESPAWN: '1' } });
  await project.up();
  await project.mustOrch(['pause']);
  project.edit('procs.yaml', EDITED);
  await untilHeld(project);
  const before = running(project);
  await killSupervisor(project);
  await waitFor(
    'another supervisor is there',
    () => supervisorsOf(project),
    (all) => all.length === 1,
  );
  await waitFor(
    'it answers',
    () => project.orch(['ps']),
    ({ exitCode }) => exitCode === 0,
  );
  await untilHeld(project);
  await project.mustOrch(['upgrade']);
  await untilHeld(project);
  await holdsFor(
    'nothing is touched',
    () => running(project),
    (now) => JSON.stringify(now) === JSON.stringify(before),
    300,
  );
  await project.mustOrch(['resume', '--wait']);
  expect(running(project)['api.1']).not.toBe(before['api.1']);
  expect(running(project)['web.1']).toBe(before['web.1']);
  await project.down();
});

test('scale while paused writes the file and says that it waits; an invalid file is reported as ever', async () => {
  const project = createProject({ 'procs.yaml': FILE });
  await project.up();
  await project.mustOrch(['pause']);
  const { stdout, stderr } = await project.mustOrch(['scale', 'web=4']);
  expect(stdout).toBe('web: 4 (in the file; `orch resume` applies it)\n');
  expect(stderr).toContain('note: the edit on disk is held (`orch resume` lets it pass)');
  expect(project.read('procs.yaml')).toContain('pool: 4');
  project.edit('procs.yaml', FILE.replace('pool: 2', 'pool: many'));
  await waitFor(
    'it is rejected',
    project.ps,
    ({ config }) => config.status === 'rejected' && config.paused?.edits === 2,
  );
  expect(await project.orch(['resume'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('procs.yaml:4:'),
  });
  project.edit('procs.yaml', FILE.replace('pool: 2', 'pool: 3'));
  await waitFor('edits apply again', project.ps, ({ services }) => services[1]!.pool === 3);
  await project.down();
});

test('what a service watches waits as well, and counts once', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  api: { command: [sleep, "1000"], watch: { paths: [src/**], debounce: 10ms } }
`,
    'src/a.js': 'a',
  });
  await project.up();
  const before = running(project);
  await project.mustOrch(['pause']);
  for (const name of ['b', 'c']) project.write(`src/${name}.js`, name);
  await holdsFor(
    'api.1 is not touched',
    () => running(project),
    (now) => now['api.1'] === before['api.1'],
    400,
  );
  await project.mustOrch(['resume']);
  await waitFor(
    'api.1 is restarted',
    () => running(project)['api.1'],
    (now) => now !== undefined && now !== before['api.1'],
  );
  expect((await project.events()).filter(({ type }) => type === 'files_changed')).toHaveLength(1);
  await project.down();
});
