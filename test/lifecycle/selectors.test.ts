// `tag:`, patterns and --except with real processes: what each command does to which services.
import { expect, test } from 'vitest';
import { createProject, incarnations, instanceOf, type Project } from '../rig/project.ts';
import { theSupervisor } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const SLEEP = 'command: [sleep, "1000"]';
const FILES = {
  'procs.yaml': `
services:
  db: { ${SLEEP}, tags: [data] }
  api: { ${SLEEP}, pool: 3, title: Public API, tags: [backend, web] }
  worker-mail: { ${SLEEP}, tags: [backend] }
  worker-report: { ${SLEEP}, tags: [backend], start: manual }
  worker-old: { ${SLEEP}, tags: [backend], enabled: false }
`,
};
const running = (project: Project): string[] => Object.keys(incarnations(project.instances()));
const shown = async (project: Project, ...args: string[]): Promise<string[]> => {
  const { stdout } = await project.mustOrch(['ps', '--json', ...args]);
  return (JSON.parse(stdout) as Awaited<ReturnType<Project['ps']>>).services.flatMap(({ instances }) =>
    instances.map(({ id }) => id),
  );
};

test('stop, start, restart, wait and signal take selectors; what is started by hand is not touched', async () => {
  const project = createProject(FILES);
  await project.up();
  const before = incarnations(project.instances());
  await project.mustOrch(['stop', 'tag:backend', '--except', 'api.2']);
  expect(running(project)).toEqual(['api.2', 'db.1']);
  const isSaved = () => project.read('.orch/state.json').includes('"stopped":["api.1","api.3",');
  await waitFor('the stops are saved', () => project.exists('.orch/state.json'), isSaved);
  process.kill(theSupervisor(project).pid, 'SIGKILL');
  await project.up();
  expect(running(project)).toEqual(['api.2', 'db.1']);
  await project.mustOrch(['start', '--all', '--except', 'worker-*', '--wait']);
  expect(running(project)).toEqual(['api.1', 'api.2', 'api.3', 'db.1']);
  expect(incarnations(project.instances())).toMatchObject({ 'api.2': before['api.2'], 'db.1': before['db.1'] });

  await project.mustOrch(['start', 'worker-mail', '--wait']);
  const restarted = await project.mustOrch(['restart', 'worker-*', '--wait', '--json']);
  expect(JSON.parse(restarted.stdout)).toEqual({ instances: ['worker-mail.1'] });
  await project.mustOrch(['wait', '--for', 'ready', 'tag:backend', '--timeout', '10s']);
  const signalled = await project.mustOrch(['signal', '*', 'WINCH', '--except', 'db,api.1', '--json']);
  expect(JSON.parse(signalled.stdout).instances.sort()).toEqual(['api.2', 'api.3', 'worker-mail.1']);

  const started = await project.mustOrch(['start', 'tag:backend', '--json']);
  expect(JSON.parse(started.stdout).instances).toContain('worker-report.1');
  expect((await project.mustOrch(['why', 'api.?'])).stdout.match(/^api\.\d \(Public API\) is /gm)).toHaveLength(3);
  await project.down();
});

test('up with selectors runs those services and what they depend on', async () => {
  const project = createProject({
    ...FILES,
    'procs.dev.yaml': 'services: { worker-mail: { depends_on: [db], tags: [mail] } }\n',
  });
  await project.mustOrch(['-e', 'dev', 'up', '-d', '--wait', 'tag:mail']);
  expect(running(project)).toEqual(['db.1', 'worker-mail.1']);
  await project.mustOrch(['-e', 'dev', 'up', '-d', '--wait', '--except', 'worker-*']);
  expect(running(project)).toEqual(['api.1', 'api.2', 'api.3', 'db.1', 'worker-mail.1']);
  await project.down();
  await project.mustOrch(['-e', 'dev', 'up', '-d', '--wait', '--except', 'worker-*']);
  expect(running(project)).toEqual(['api.1', 'api.2', 'api.3', 'db.1']);
  await project.down();
});

test('ps, logs and events show the part that is meant', async () => {
  const line = (text: string) => `command: [sh, -c, "echo ${text}; exec sleep 1000"]`;
  const project = createProject({
    'procs.yaml': `
services:
  api: { ${line('from-api')}, pool: 2, tags: [web] }
  db: { ${line('from-db')}, tags: [data] }
`,
  });
  await project.up();
  expect(await shown(project, 'tag:web', '--except', 'api.1')).toEqual(['api.2']);
  expect(await shown(project, '--except', 'tag:web')).toEqual(['db.1']);
  const { stdout } = await project.mustOrch(['ps', '--group', 'tag']);
  expect(stdout.match(/^(tag:\w+|api |db\S*)/gm)).toEqual(['tag:data', 'db', 'tag:web', 'api ']);
  const logs = async (...args: string[]) => (await project.mustOrch(['logs', ...args])).stdout;
  expect(await logs('tag:data')).toMatch(/^[^\n]* db\.1 [^\n]*from-db\n$/);
  expect(await logs('--except', 'd*')).not.toContain('from-db');
  expect((await project.mustOrch(['events', '--service', 'tag:data', '--json'])).stdout).not.toContain('"api.1"');
  await project.down();
  expect(await logs('tag:data')).toContain('from-db');
  expect((await project.mustOrch(['events', '--service', 'tag:web'])).stdout).toMatch(/started +api\.2/);
});

test('scale takes a selector, for the file and for now', async () => {
  const project = createProject(FILES);
  await project.mustOrch(['scale', 'tag:web=2']);
  expect(project.read('procs.yaml')).toContain('pool: 2, title');
  await project.up();
  await project.mustOrch(['scale', '--ephemeral', 'tag:data=2', 'a?i=1']);
  await project.mustOrch(['wait', '--timeout', '10s']);
  expect(running(project)).toEqual(['api.1', 'db.1', 'db.2', 'worker-mail.1']);
  await project.down();
});

test('a selector that fits nothing changes nothing, and says what there is', async () => {
  const project = createProject(FILES);
  const refused = async (...args: string[]) => {
    const { exitCode, stderr } = await project.orch(args);
    return [exitCode, ...stderr.trimEnd().split('\n')];
  };
  const noTag = ['error: no service has the tag "backed"', 'hint: did you mean "tag:backend"?'];
  expect(await refused('up', '-d', 'tag:backed')).toEqual([2, ...noTag]);
  expect(running(project)).toEqual([]);
  await project.up();
  const before = incarnations(project.instances());
  for (const command of ['stop', 'restart', 'start', 'wait', 'why', 'ps', 'logs'])
    expect(await refused(command, 'tag:backed')).toEqual([2, ...noTag]);
  expect(await refused('stop', 'x*')).toEqual([
    2,
    'error: no service matches "x*"',
    'hint: services: db, api, worker-mail, worker-report, worker-old',
  ]);
  expect(await refused('stop', '--all', '--except', 'dbb')).toEqual([
    2,
    'error: no service is named "dbb"',
    'hint: did you mean "db"?',
  ]);
  expect(await refused('stop', 'db', '--except', '*')).toEqual([
    2,
    'error: nothing is selected',
    'hint: --except leaves everything out: *',
  ]);
  expect(await refused('stop', 'backend')).toEqual([
    2,
    'error: no service or instance is named "backend"',
    'hint: did you mean "tag:backend"?',
  ]);
  expect(await refused('wait', 'worker-o*')).toEqual([
    2,
    'error: "worker-o*" selects no service that is to run',
    'hint: disabled, or run only when they are named: worker-old',
  ]);
  expect(await refused('ps', 'dbb')).toEqual([
    2,
    'error: no service or instance is named "dbb"',
    'hint: did you mean "db"?',
  ]);
  expect(incarnations(project.instances())).toEqual(before);
  expect(instanceOf(await project.ps(), 'worker-old.1').state).toBe('stopped');
  await project.down();
});
