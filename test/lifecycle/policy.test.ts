// `policy`: an edit that breaks a rule is held until `orch apply`; what runs keeps running.
import { expect, test } from 'vitest';
import { git } from '../rig/git.ts';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { killSupervisor } from '../rig/supervisors.ts';
import { KEY } from '../rig/terminal.ts';
import { waitFor } from '../rig/wait-for.ts';

const SERVICES = `
services:
  api: { command: [sleep, "1000"], env: { VERSION: "1" } }
  web: { command: [sleep, "1000"], pool: 3 }
`;
const withPolicy = (policy: string, services = SERVICES): string => `${services}policy: ${policy}\n`;
const running = (project: Project) => incarnations(project.instances());
const untilHeld = (project: Project, ...rules: string[]) =>
  waitFor(
    `held by ${rules.join(' and ')}`,
    async () => (await project.ps()).config,
    ({ held }) => JSON.stringify(held?.reasons.map(({ rule }) => rule)) === JSON.stringify(rules),
  );
const untilApplied = (project: Project, generation: number) =>
  waitFor(
    'it is applied',
    project.ps,
    (status) => status.generation === generation && status.config.status === 'applied',
  );

test('apply: manual holds each edit, with the plan in ps, events and why; orch apply lets it pass', async () => {
  const project = createProject({ 'procs.yaml': withPolicy('{ apply: manual }') });
  await project.up();
  const before = running(project);
  expect((await project.mustOrch(['apply'])).stdout).toBe('nothing is held; generation 1 is what the files say\n');
  // An edit cannot switch off what holds it.
  project.edit('procs.yaml', SERVICES.replace('"1"', '"2"'));
  const { held } = await untilHeld(project, 'manual');
  expect(held).toMatchObject({ summary: '2 changes: 1 restarts, 1 live', command: 'orch apply' });
  expect((await project.mustOrch(['ps'])).stdout).toContain(
    'The edit on disk is held (`orch apply` lets it pass): policy.apply is manual; 2 changes: 1 restarts, 1 live.',
  );
  const why = async (name: string) => (await project.mustOrch(['why', name])).stdout;
  expect(await why('api')).toContain('An edit that changes it is held: policy.apply is manual');
  expect(await why('web')).not.toContain('held');
  const events = await project.events();
  expect(events.at(-1)).toMatchObject({ type: 'config_held', details: { rules: ['manual'], command: 'orch apply' } });
  const refused = await project.orch(['apply']);
  expect(refused).toMatchObject({ exitCode: 4, stdout: '' });
  expect(refused.stderr).toContain('VERSION: 1 → 2');
  expect(refused.stderr).toContain('hint: `orch apply --yes` applies it');
  expect(running(project)).toEqual(before);
  const applied = await project.mustOrch(['apply', '--yes', '--wait', '--json']);
  expect(JSON.parse(applied.stdout)).toMatchObject({ applied: true, generation: 2 });
  expect(running(project)).toMatchObject({ 'web.1': before['web.1'] });
  expect(running(project)['api.1']).not.toBe(before['api.1']);
  // The policy is gone with that edit: the next one is applied at once.
  project.edit('procs.yaml', SERVICES.replace('pool: 3', 'pool: 2'));
  await untilApplied(project, 3);
  await project.down();
});

test('up is held as an edit is, and passes with --yes; scale says that it waits; a bad file is rejected as ever', async () => {
  const project = createProject({ 'procs.yaml': withPolicy('{ apply: manual }') });
  await project.up();
  const before = running(project);
  const scaled = await project.mustOrch(['scale', 'web=4']);
  expect(scaled.stdout).toBe('web: 4 (in the file; `orch apply` applies it)\n');
  const refused = await project.orch(['up', '-d', '--wait']);
  expect(refused.exitCode).toBe(4);
  expect(refused.stderr).toContain('error: the files are not applied: policy.apply is manual (1 change: 1 scales)');
  expect(refused.stderr).toContain('`orch apply` shows the plan and applies them, or `orch up --yes`');
  expect(running(project)).toEqual(before);
  expect(JSON.parse((await project.mustOrch(['wait', '--json'])).stdout).held.command).toBe('orch apply');
  project.edit('procs.yaml', withPolicy('{ apply: by_hand }'));
  await waitFor('it is rejected', project.ps, ({ config }) => config.status === 'rejected');
  expect(await project.orch(['apply', '--yes'])).toMatchObject({ exitCode: 2 });
  project.edit('procs.yaml', withPolicy('{ apply: manual }').replace('pool: 3', 'pool: 4'));
  await untilHeld(project, 'manual');
  await project.up('--yes');
  expect(Object.keys(running(project))).toHaveLength(5);
  await project.down();
});

test('require_clean holds an edit until it is committed; a file that git ignores does not count', async () => {
  const project = createProject({
    'procs.yaml': SERVICES,
    'procs.prod.yaml': 'policy: { require_clean: true }\nenv_files: [.env]\n',
    '.env': 'A=1\n',
    '.gitignore': '.env\n',
  });
  git(project.root, 'init', '-q');
  git(project.root, 'add', '.');
  git(project.root, 'commit', '-qm', 'first');
  await project.mustOrch(['-e', 'prod', 'up', '-d', '--wait']);
  project.edit('procs.yaml', SERVICES.replace('pool: 3', 'pool: 2'));
  const { held } = await untilHeld(project, 'require_clean');
  expect(held?.reasons[0]?.because).toBe('policy.require_clean: procs.yaml is not committed');
  expect((await project.ps()).generation).toBe(1);
  git(project.root, 'commit', '-qam', 'second');
  await untilApplied(project, 2);
  project.edit('.env', 'A=2\n');
  await untilApplied(project, 3);
  await project.down();
});

test('protect holds an edit that stops too many; what is replaced, or stopped already, does not count', async () => {
  const project = createProject({ 'procs.yaml': withPolicy('{ protect: { stop_more_than: 50% } }') });
  await project.up();
  const edit = (services: string) =>
    project.edit('procs.yaml', withPolicy('{ protect: { stop_more_than: 50% } }', services));
  edit(SERVICES.replaceAll('"1000"', '"1001"').replace('pool: 3', 'pool: 1'));
  await untilApplied(project, 2);
  await project.mustOrch(['wait']);
  edit('\nservices: {}\n');
  const { held } = await untilHeld(project, 'protect');
  expect(held?.reasons[0]?.because).toBe(
    'policy.protect.stop_more_than: it would stop 2 of 2 running instances, more than 50%',
  );
  await project.mustOrch(['stop', 'web']);
  edit(SERVICES.replace('"1000"', '"1001"').replace(/ {2}web:.*\n/, ''));
  await untilApplied(project, 3);
  expect(Object.keys(running(project))).toEqual(['api.1']);
  await project.down();
});

test('a held edit stays held over a crash of the supervisor and an upgrade', async () => {
  const project = createProject({ 'procs.yaml': withPolicy('{ apply: manual }') }, { env: { ORCH_RESPAWN: '1' } });
  await project.up();
  const before = running(project);
  project.edit('procs.yaml', withPolicy('{ apply: auto }', SERVICES.replace('"1"', '"2"')));
  await untilHeld(project, 'manual');
  await killSupervisor(project);
  await waitFor(
    'it is back',
    () => project.orch(['ps']),
    ({ exitCode }) => exitCode === 0,
  );
  await untilHeld(project, 'manual');
  await project.mustOrch(['upgrade']);
  await untilHeld(project, 'manual');
  expect(running(project)).toEqual(before);
  await project.mustOrch(['apply', '--yes', '--wait']);
  expect(running(project)['api.1']).not.toBe(before['api.1']);
  await project.down();
});

test('in a terminal, orch apply asks', async () => {
  const project = createProject({ 'procs.yaml': withPolicy('{ apply: manual }') });
  await project.up();
  project.edit('procs.yaml', withPolicy('{ apply: manual }').replace('pool: 3', 'pool: 2'));
  await untilHeld(project, 'manual');
  for (const [answer, says] of [
    ['n', 'not applied'],
    ['y', 'applied: generation 2'],
  ] as const) {
    const terminal = project.terminal(['apply']);
    await terminal.waitForText('Apply it? [y/N]');
    terminal.type(`${answer}${KEY.enter}`);
    await terminal.waitForText(says);
  }
  await untilApplied(project, 2);
  await project.down();
});
