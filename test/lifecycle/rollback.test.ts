// `orch history` and `orch rollback`: the generations of a project, and back to one of them.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { GenerationRecord } from '../../src/api/protocol-edits.ts';
import { git } from '../rig/git.ts';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { killSupervisor } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const FILE = `
services:
  api: { command: [sleep, "1000"], env: { TOKEN: "sesame-1" } }
  web: { command: [sleep, "1000"] }
`;
const EDITED = FILE.replace('sesame-1', 'sesame-2');
const running = (project: Project) => incarnations(project.instances());
const history = async (project: Project): Promise<GenerationRecord[]> =>
  (JSON.parse((await project.mustOrch(['history', '--json'])).stdout) as { generations: GenerationRecord[] })
    .generations;
const untilGeneration = (project: Project, generation: number) =>
  waitFor(`generation ${generation}`, project.ps, (status) => status.generation === generation && status.converged);
/** The process of api.1 was started with this value. */
const untilToken = (project: Project, value: string) =>
  waitFor(
    `api.1 has ${value}`,
    () => project.instances().find(({ instance }) => instance === 'api.1')?.pid,
    (pid) => pid !== undefined && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`TOKEN=${value}`),
  );

test('rollback puts the generation before in force until the files change; it names itself', async () => {
  const project = createProject({ 'procs.yaml': FILE });
  await project.up();
  project.edit('procs.yaml', EDITED);
  await untilGeneration(project, 2);
  const web = running(project)['web.1'];
  const back = await project.mustOrch(['rollback', '--wait']);
  expect(back.stdout).toContain('rolled back to generation 1, as generation 3, converged after');
  expect(back.stdout).toContain('`orch apply` applies them');
  const { config } = await project.ps();
  expect(config).toMatchObject({ status: 'held', rollback: { to: 1 }, held: { command: 'orch apply' } });
  expect((await project.mustOrch(['ps'])).stdout).toContain('rolled back to generation 1 by `orch rollback`');
  expect((await project.mustOrch(['why', 'api'])).stdout).toContain('rolled back to generation 1');
  expect(running(project)['web.1']).toBe(web);
  // The plan follows what runs.
  await waitFor('it would restart', project.ps, ({ config }) => config.held?.summary === '1 change: 1 restarts');
  // Neither a comment nor `up` brings the edit back.
  project.edit('procs.yaml', `# a comment\n${EDITED}`);
  expect(await project.orch(['up', '-d'])).toMatchObject({ exitCode: 4 });
  expect((await project.ps()).generation).toBe(3);
  // The files agree: nothing changes, and the override is gone.
  project.edit('procs.yaml', FILE);
  await waitFor('it is gone', project.ps, (status) => status.config.rollback === undefined);
  expect((await project.ps()).generation).toBe(3);
  project.edit('procs.yaml', EDITED);
  await untilGeneration(project, 4);
  const records = await history(project);
  expect(records.map(({ generation, by }) => `${generation} ${by}`)).toEqual([
    '1 up',
    '2 edit',
    '3 rollback',
    '4 edit',
  ]);
  expect(records.map(({ summary }) => summary)).toEqual(['2 services', ...Array(3).fill('1 change: 1 restarts')]);
  expect(records[2]).toMatchObject({ to: 1, commit: null, env: null });
  expect(project.read('.orch/history.json')).not.toContain('sesame');
  const table = (await project.mustOrch(['history', '-n', '2'])).stdout;
  expect(table).toMatch(/GENERATION +WHEN +BY +PLAN\n +3 +\S+ \S+ +rollback to 1 +1 change: 1 restarts/);
  await project.down();
});

test('orch apply ends a roll-back; an unknown generation is refused', async () => {
  const project = createProject({ 'procs.yaml': FILE });
  await project.up();
  expect(await project.orch(['rollback'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('no earlier generation is known'),
  });
  expect(await project.orch(['rollback', '7'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('generation 7 is not in the history'),
  });
  project.edit('procs.yaml', EDITED);
  await untilGeneration(project, 2);
  await project.mustOrch(['rollback', '1']);
  expect((await project.mustOrch(['rollback', '1'])).stdout).toBe('generation 1 is what is in force\n');
  await project.mustOrch(['apply', '--yes', '--wait']);
  const { config, generation } = await project.ps();
  expect(config).toEqual({ files: ['procs.yaml'], status: 'applied', problems: [] });
  expect(generation).toBe(4);
  await project.down();
});

test('a roll-back, and what it needs, outlive a killed supervisor and an upgrade', async () => {
  const project = createProject({ 'procs.yaml': FILE }, { env: { ORCH_RESPAWN: '1' } });
  await project.up();
  project.edit('procs.yaml', EDITED);
  await untilGeneration(project, 2);
  await killSupervisor(project);
  await waitFor(
    'it is back',
    () => project.orch(['ps']),
    ({ exitCode }) => exitCode === 0,
  );
  expect((await history(project)).at(-1)).toMatchObject({ generation: 3, by: 'recovery' });
  await project.mustOrch(['rollback', '1', '--wait']);
  await untilToken(project, 'sesame-1');
  const before = running(project);
  await killSupervisor(project);
  await waitFor(
    'it is back',
    () => project.orch(['ps']),
    ({ exitCode }) => exitCode === 0,
  );
  await waitFor('held', project.ps, ({ config }) => config.held?.reasons[0]?.rule === 'rolled_back');
  await project.mustOrch(['upgrade']);
  await waitFor(
    'held',
    project.ps,
    ({ config }) => config.held?.reasons[0]?.rule === 'rolled_back' && config.rollback?.to === 1,
  );
  expect(running(project)).toEqual(before);
  expect((await history(project)).at(-1)?.by).toBe('upgrade');
  // After the upgrade, too, the generations before are known.
  await project.mustOrch(['rollback', '2', '--wait']);
  await untilToken(project, 'sesame-2');
  await project.down();
});

test('numbers continue after down; a committed generation is read from git, another one is not known any more', async () => {
  const project = createProject({ 'procs.yaml': FILE, '.gitignore': '.orch\n' });
  git(project.root, 'init', '-q');
  git(project.root, 'add', '.');
  git(project.root, 'commit', '-qm', 'first');
  await project.up();
  const commit = git(project.root, 'rev-parse', 'HEAD').trim();
  await waitFor(
    'the commit is known',
    () => history(project),
    (records) => records[0]?.commit === commit,
  );
  project.edit('procs.yaml', EDITED);
  await untilGeneration(project, 2);
  await project.down();
  expect((await history(project)).map(({ generation }) => generation)).toEqual([1, 2]);
  project.edit('procs.yaml', FILE.replace('sesame-1', 'sesame-3'));
  await project.up();
  expect((await project.ps()).generation).toBe(3);
  const unknown = await project.orch(['rollback', '2']);
  expect(unknown).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('generation 2 is not known any more') });
  await project.mustOrch(['rollback', '1', '--wait']);
  await untilToken(project, 'sesame-1');
  await project.down();
});
