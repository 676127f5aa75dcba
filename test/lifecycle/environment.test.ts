// The name of the environment stays in force until an `up` changes it with consent: `--switch`, or a yes in a terminal.
import { expect, test } from 'vitest';
import { applied, converge } from '../rig/applied.ts';
import { MAIN, type Outcome } from '../rig/orch.ts';
import { createProject, type Project } from '../rig/project.ts';
import { supervisorsOf } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const POOLS = {
  'procs.yaml': 'services:\n  web: { command: [sleep, "1000"], pool: 1 }\n',
  'procs.prod.yaml': 'services:\n  web: { pool: 3 }\n',
  'procs.dev.yaml': 'services:\n  dev: { command: [sleep, "1000"] }\n',
};
const idsOf = (project: Project): string[] =>
  project
    .instances()
    .map(({ instance }) => instance!)
    .sort();
const PROD = ['web.1', 'web.2', 'web.3'];

async function prodRuns(): Promise<Project> {
  const project = createProject(POOLS);
  await project.mustOrch(['-e', 'prod', 'up', '-d', '--wait']);
  expect(idsOf(project)).toEqual(PROD);
  return project;
}

function expectRefusal({ exitCode, stderr }: Outcome): void {
  expect(exitCode).toBe(4);
  expect(stderr).toContain('environment prod → none');
  expect(stderr).toContain('--switch');
}

test('a plain up over another environment is refused with its plan, and changes nothing', async () => {
  const project = await prodRuns();
  const refused = await project.orch(['up', '-d']);
  expectRefusal(refused);
  expect(refused.stderr).toMatch(/web +scale web\.2, web\.3/);
  expect(idsOf(project)).toEqual(PROD);
  expect((await project.ps()).env).toBe('prod');
  const json = await project.orch(['up', '-d', '--json']);
  expect(json.exitCode).toBe(4);
  expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: 'conflict' } });
  const named = await project.orch(['-e', 'dev', 'up', '-d']);
  expect(named.exitCode).toBe(4);
  expect(named.stderr).toContain('environment prod → dev');
});

test('up --switch changes the environment', async () => {
  const project = await prodRuns();
  await project.mustOrch(['up', '-d', '--wait', '--switch']);
  expect(idsOf(project)).toEqual(['web.1']);
  expect((await project.ps()).env).toBe(null);
  const messages = (await project.events()).map(({ message }) => message);
  expect(messages).toContainEqual(expect.stringContaining('prod → none'));
  // It is in force now: an `up` that means the same needs no consent.
  await project.mustOrch(['up', '-d', '--wait']);
  expect((await project.orch(['-e', 'prod', 'up', '-d'])).exitCode).toBe(4);
});

test('plan shows a change of the environment, and only that one', async () => {
  const project = await prodRuns();
  const plan = await project.orch(['plan']);
  expect(plan.exitCode).toBe(2);
  expect(plan.stdout).toContain('environment prod → none');
  const json = await project.orch(['plan', '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({ environment: { from: 'prod', to: null } });
  const same = await project.orch(['-e', 'prod', 'plan', '--json']);
  expect(same.exitCode).toBe(0);
  expect(JSON.parse(same.stdout)).not.toHaveProperty('environment');
});

test('an environment without any other change still has to be switched to', async () => {
  const project = createProject({ ...POOLS, 'procs.same.yaml': 'services: {}\n' });
  await project.up();
  expect((await project.orch(['-e', 'same', 'plan'])).exitCode).toBe(2);
  expect((await project.orch(['-e', 'same', 'up', '-d'])).exitCode).toBe(4);
});

test('an edit, scale, restart and upgrade keep the environment, whatever ORCH_ENV says', async () => {
  const project = await prodRuns();
  const other = { env: { ORCH_ENV: 'dev' } };
  await project.mustOrch(['scale', 'web=2'], other);
  await converge(project);
  expect(project.read('procs.prod.yaml')).toContain('pool: 2');
  expect(idsOf(project)).toEqual(['web.1', 'web.2']);
  await applied(project, () =>
    project.edit('procs.yaml', `${POOLS['procs.yaml']}  more: { command: [sleep, "1000"] }\n`),
  );
  await project.mustOrch(['restart', 'web'], other);
  await project.mustOrch(['upgrade'], other);
  await converge(project);
  expect((await project.ps()).env).toBe('prod');
  expect(idsOf(project)).toEqual(['more.1', 'web.1', 'web.2']);
});

test('scale for another environment than the one that runs is refused', async () => {
  const project = await prodRuns();
  const before = project.read('procs.yaml');
  const scaled = await project.orch(['-e', 'dev', 'scale', 'web=5']);
  expect(scaled.exitCode).toBe(4);
  expect(project.read('procs.yaml')).toBe(before);
});

test('the environment outlives a killed supervisor', async () => {
  const project = await prodRuns();
  process.kill(supervisorsOf(project)[0]!.pid, 'SIGKILL');
  await waitFor(
    'it is gone',
    () => supervisorsOf(project),
    (seen) => seen.length === 0,
  );
  expectRefusal(await project.orch(['up', '-d']));
  expect(idsOf(project)).toEqual(PROD);
  await waitFor(
    'the one that was refused is gone',
    () => supervisorsOf(project),
    (seen) => seen.length === 0,
  );
  await project.mustOrch(['-e', 'prod', 'up', '-d', '--wait']);
  expect(idsOf(project)).toEqual(PROD);
  process.kill(supervisorsOf(project)[0]!.pid, 'SIGKILL');
  await project.mustOrch(['up', '-d', '--wait', '--switch']);
  expect(idsOf(project)).toEqual(['web.1']);
});

test('after down, the next up is free to choose', async () => {
  const project = await prodRuns();
  await project.down();
  await project.up();
  expect((await project.ps()).env).toBe(null);
});

test.for([
  ['y\r', ['web.1'], 0],
  ['\r', PROD, 4],
] as const)('in a terminal, up shows the plan and asks: %j', async ([answer, running, exitCode]) => {
  const project = await prodRuns();
  const terminal = project.terminal(['up', '-d']);
  await terminal.waitForText('environment prod → none');
  await terminal.waitForText('[y/N]');
  terminal.type(answer);
  expect(await terminal.waitForExit()).toMatchObject({ exitCode });
  await converge(project);
  expect(idsOf(project)).toEqual([...running]);
});

test('Ctrl-C at the question changes nothing', async () => {
  const project = await prodRuns();
  const terminal = project.terminal(['up']);
  await terminal.waitForText('[y/N]');
  terminal.type('\x03');
  expect((await terminal.waitForExit()).exitCode).not.toBe(0);
  expect(idsOf(project)).toEqual(PROD);
});

test('ORCH_ENV of a program does not choose the environment of another project', async () => {
  const other = createProject({ 'procs.yaml': 'services:\n  a: { command: [sleep, "1000"] }\n' });
  const caller = `orch() { "$NODE" "$MAIN" "$@"; }; orch config --json >config.txt 2>&1; echo $? >code.txt; exec sleep 1000`;
  const project = createProject(
    {
      'procs.yaml': `services:\n  caller: { command: 'cd "$OTHER" && . ./call.sh', readiness: { exec: [test, -e, "\${OTHER}/code.txt"], every: 100ms } }\n`,
      'procs.prod.yaml': 'services: {}\n',
    },
    { env: { OTHER: other.root, NODE: process.execPath, MAIN: MAIN } },
  );
  other.write('call.sh', `${caller}\n`);
  await project.mustOrch(['-e', 'prod', 'up', '-d', '--wait']);
  expect(other.read('code.txt').trim(), other.read('config.txt')).toBe('0');
  expect(JSON.parse(other.read('config.txt'))).toMatchObject({ name: expect.anything() });
});

test('ORCH_ENV of a program stands for its own project', async () => {
  const project = createProject(
    {
      'procs.yaml': `services:\n  caller: { command: '"$NODE" "$MAIN" plan --json >plan.txt 2>&1; echo $? >code.txt; exec sleep 1000', readiness: { exec: [test, -e, code.txt], every: 100ms } }\n`,
      'procs.prod.yaml': 'services: {}\n',
    },
    { env: { NODE: process.execPath, MAIN: MAIN } },
  );
  await project.mustOrch(['-e', 'prod', 'up', '-d', '--wait']);
  expect(JSON.parse(project.read('plan.txt'))).not.toHaveProperty('environment');
  expect(project.read('plan.txt')).not.toContain('missing-overlay');
});
