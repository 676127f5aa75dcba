// `up --plan TOKEN` applies what `orch plan` has shown, or nothing.
import { expect, test } from 'vitest';
import { connect } from '../../src/api/client.ts';
import { pathsOfFile } from '../../src/api/paths.ts';
import type { PlanReport } from '../../src/plan/plan-report.ts';
import { converge } from '../rig/applied.ts';
import type { Outcome } from '../rig/orch.ts';
import { killByIdentity } from '../rig/processes.ts';
import { createProject, type Project } from '../rig/project.ts';
import { killSupervisor, mainsOf, supervisorsOf } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const FILE = `services:
  web: { command: [sleep, "1000"], pool: 2, env: { TAG: "\${TAG:-v1}" } }
  idle: { command: [sleep, "1001"] }
`;
const V2 = { env: { TAG: 'v2' } };

async function planned(project: Project, args: string[] = [], options = {}): Promise<string> {
  const { stdout } = await project.orch([...args, 'plan', '--json'], options);
  return (JSON.parse(stdout) as PlanReport).token!;
}

function expectRefused({ exitCode, stderr }: Outcome, part: RegExp): void {
  expect([exitCode, stderr]).toEqual([4, expect.stringMatching(part)]);
  expect(stderr).toContain('nothing was applied');
}
const ONLY_RUNNING = /any more: the running project changed/;
const ONLY_FILES = /any more: the files \(or a variable that they use\) changed/;
const BOTH = /any more: the running project and the files/;

test('where nothing runs, the token holds until the files change or the project is started', async () => {
  const project = createProject({ 'procs.yaml': FILE, 'procs.prod.yaml': 'services: { web: { pool: 3 } }\n' });
  const token = await planned(project);
  expect(token).toMatch(/^[0-9a-f]{10}-[0-9a-f]{10}$/);
  expect((await project.orch(['plan'])).stdout).toContain(`\`orch up -d --plan ${token}\` applies this`);
  expect((await project.orch(['plan', '--markdown'])).stdout).toContain(`\`orch up -d --plan ${token}\``);
  for (const other of [{ args: ['-e', 'prod'] }, { args: [], options: V2 }])
    expectRefused(await project.orch([...other.args, 'up', '-d', '--plan', token], other.options), ONLY_FILES);
  project.write('procs.yaml', FILE.replace('1001', '1002'));
  expectRefused(await project.orch(['up', '-d', '--plan', token]), ONLY_FILES);
  expect([project.exists('.orch'), project.processes()]).toEqual([false, []]);
  project.write('procs.yaml', `# a comment\n${FILE}`);
  await project.mustOrch(['up', '-d', '--wait', '--plan', token]);
  expect(mainsOf(project)).toHaveLength(3);
  expectRefused(await project.orch(['up', '-d', '--plan', token]), ONLY_RUNNING);
});

test('against a running project, overrides and other values end it; a crash and a killed supervisor do not', async () => {
  const project = createProject({ 'procs.yaml': FILE }, { env: { ORCH_RESPAWN: '1' } });
  await project.up();
  const generation = async () => (await project.ps()).generation;
  const token = await planned(project, [], V2);
  const up = (options: object = V2) => project.orch(['up', '-d', '--plan', token], options);

  expectRefused(await up({ env: { TAG: 'v3' } }), ONLY_FILES);
  await project.mustOrch(['scale', '--ephemeral', 'web=3']);
  expectRefused(await up(), ONLY_RUNNING);
  expectRefused(await up({ env: { TAG: 'v3' } }), BOTH);
  // Without `--ephemeral` it removes the override; the file says the same afterwards.
  await project.mustOrch(['scale', 'web=2']);
  await project.mustOrch(['stop', 'idle']);
  expectRefused(await up(), ONLY_RUNNING);
  await project.mustOrch(['start', '--wait', 'idle']);
  expect(await generation()).toBe(1);

  const [crashed] = mainsOf(project);
  killByIdentity(crashed!);
  await waitFor(
    'the crashed instance runs again',
    () => mainsOf(project),
    (seen) => seen.length === 3 && seen.every(({ pid }) => pid !== crashed!.pid),
  );
  const before = supervisorsOf(project)[0]!.pid;
  await killSupervisor(project);
  await waitFor(
    'the next supervisor answers',
    async () => [supervisorsOf(project)[0]?.pid, (await project.orch(['ps'])).exitCode],
    ([pid, code]) => pid !== before && code === 0,
  );
  expect((await up()).exitCode).toBe(0);
  await converge(project);
  expectRefused(await up(), ONLY_RUNNING);
});

test('the supervisor checks again when it applies: a token that ended in between changes nothing', async () => {
  const project = createProject({ 'procs.yaml': FILE });
  await project.up();
  const client = (await connect(pathsOfFile(project.path('procs.yaml'), null)))!;
  try {
    const config = { project: 'x', env: null, root: project.root, services: [], logQueues: [] };
    const accepted = { config, watched: [], files: [], warnings: [] };
    const key = 'any';
    const { token } = await client.request('plan', { accepted, key });
    await client.request('stop', { names: ['idle'] });
    const variables = { PATH: '/nowhere' };
    const refused = client.request('apply', { accepted, only: null, variables, planned: { token: token!, key } });
    await expect(refused).rejects.toThrow(/the running project changed since; nothing was applied/);
    expect((await client.request('environment', {})).variables.PATH).not.toBe('/nowhere');
    expect((await client.request('status', {})).generation).toBe(1);
  } finally {
    client.close();
  }
});

test('a token of another environment needs `--switch` as well, and `down` ends every token', async () => {
  const project = createProject({ 'procs.yaml': FILE, 'procs.prod.yaml': 'services: { web: { pool: 1 } }\n' });
  await project.up();
  const token = await planned(project, ['-e', 'prod']);
  const command = ['-e', 'prod', 'up', '-d', '--plan', token];
  expect((await project.orch(['-e', 'prod', 'plan'])).stdout).toContain(`orch ${command.join(' ')} --switch`);
  expect((await project.orch(command)).stderr).toContain('`up --switch` changes it');
  await project.mustOrch([...command, '--switch']);
  expect((await project.ps()).env).toBe('prod');
  const next = await planned(project);
  await project.down();
  expectRefused(await project.orch(['up', '-d', '--plan', next]), ONLY_RUNNING);
  const json = await project.orch(['up', '-d', '--json', '--plan', next]);
  expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: 'conflict' } });
});

test.each([
  [['--plan', 'nonsense'], 'is not a token of `orch plan`'],
  [['--plan', '0123456789-0123456789', 'web'], 'does not go with names of services'],
  [['--plan', '0123456789-0123456789', '--profile', 'debug'], 'does not go with names of services'],
])('up %j is bad usage', async (args, message) => {
  const project = createProject({ 'procs.yaml': FILE });
  const { exitCode, stderr } = await project.orch(['up', '-d', ...args]);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
});
