// The command line as scripts and people meet it: exit codes, messages, JSON, pipes.
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { expectShape } from '../rig/contract.ts';
import { cleanEnvironment, MAIN } from '../rig/orch.ts';
import { createProject, incarnations } from '../rig/project.ts';
import { killSupervisor } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const good = 'services:\n  a: { command: [sleep, "1000"], pool: 2 }\n  b: { command: [sleep, "1000"] }\n';
const bad = 'services:\n  a:\n    comand: [sleep, "1000"]\n';

test.for([
  ['bad usage: an unknown command', ['strat'], 2, /start/],
  ['bad usage: an unknown option', ['ps', '--nope'], 2, /--nope/],
  ['bad usage: a missing argument', ['restart'], 2, /missing required argument 'names'/],
  ['no supervisor: ps', ['ps'], 3, /up/],
  ['no supervisor: restart', ['restart', 'a'], 3, /up/],
  ['no supervisor: events', ['events'], 3, /no supervisor/],
] as [string, string[], number, RegExp][])('%s', async ([, args, code, says]) => {
  const project = createProject({ 'procs.yaml': good });
  const outcome = await project.orch(args);
  expect(outcome.stderr.split('\n')[0]).toMatch(/^error: \S/);
  expect(outcome.stderr).toMatch(says);
  expect(outcome.exitCode).toBe(code);
});

test('a bad configuration exits with 2 and shows file:line:column, a caret and a hint, in JSON too', async () => {
  const project = createProject({ 'procs.yaml': bad });
  for (const args of [['validate'], ['up', '-d'], ['plan'], ['config']]) {
    const outcome = await project.orch(args);
    const all = outcome.stderr + outcome.stdout;
    expect([args[0], outcome.exitCode]).toEqual([args[0], args[0] === 'plan' ? 1 : 2]);
    expect(outcome.stderr).toMatch(/^error: /);
    expect(all).toMatch(/procs\.yaml:3:5/);
    expect(all).toContain('comand');
    expect(all).toContain('command');
    expect(all).toMatch(/\^/);
  }
  const json = await project.orch(['up', '-d', '--json']);
  const answer = JSON.parse(json.stdout) as { error: object };
  expectShape('error', answer);
  expect(answer.error).toMatchObject({ file: 'procs.yaml', line: 3, column: 5 });
  expect(project.processes()).toEqual([]);
});

test('a command without a procs.yaml says where it looked and what to do', async () => {
  const project = createProject({});
  const outcome = await project.orch(['up', '-d']);
  expect(outcome.exitCode).toBe(2);
  expect(outcome.stderr).toMatch(/^error: .*procs\.yaml/);
  expect(outcome.stderr).toContain('init');
  const json = await project.orch(['--json', 'up', '-d']);
  expectShape('error', JSON.parse(json.stdout));
});

test('every listing command prints the fixed shape with --json', async () => {
  const project = createProject({ 'procs.yaml': good });
  await project.up();
  expectShape('ps', await project.ps());
  for (const event of await project.events()) expectShape('event', event);
  const nothing = await project.orch(['plan', '--json']);
  expect(nothing.exitCode).toBe(0);
  expect(JSON.parse(nothing.stdout)).toMatchObject({ changes: [] });
  for (const args of [
    ['validate', '--json'],
    ['config', '--json'],
    ['why', 'a', '--json'],
  ]) {
    JSON.parse((await project.mustOrch(args)).stdout);
  }
  const unknown = await project.orch(['restart', 'unknown', '--json']);
  expect(unknown.exitCode).not.toBe(0);
  expectShape('error', JSON.parse(unknown.stdout));
  await project.down();
});

test('plan predicts what up does and changes nothing', async () => {
  const project = createProject({ 'procs.yaml': good });
  await project.up();
  const before = incarnations(project.processes());
  project.write(
    'other.yaml',
    'services:\n  a: { command: [sleep, "1001"], pool: 2 }\n  c: { command: [sleep, "1000"] }\n',
  );
  const plan = await project.orch(['plan', '--json', '-f', 'other.yaml']);
  expect(plan.exitCode).toBe(2);
  const answer = JSON.parse(plan.stdout) as { changes: { service: string; action: string; instances: string[] }[] };
  expectShape('plan', answer);
  const changes = Object.fromEntries(answer.changes.map((one) => [one.service, one]));
  expect(changes).toMatchObject({
    a: { action: 'restart', class: 'restart', instances: ['a.1', 'a.2'] },
    b: { action: 'stop', instances: ['b.1'] },
    c: { action: 'start', instances: ['c.1'] },
  });
  expect(incarnations(project.processes())).toEqual(before);
  project.edit('procs.yaml', project.read('other.yaml'));
  await waitFor(
    'c runs and b does not',
    () => Object.keys(incarnations(project.instances())).join(),
    (seen) => seen === 'a.1,a.2,c.1',
  );
  await project.mustOrch(['wait', '--for', 'converged', '--timeout', '10s']);
  expect(incarnations(project.instances())['a.1']).not.toBe(before['a.1']);
  expect((await project.orch(['plan'])).exitCode).toBe(0);
  await project.down();
});

test('plan does not guess about instances that a killed supervisor left', async () => {
  const project = createProject({ 'procs.yaml': good });
  const fresh = await project.orch(['plan', '--json']);
  expect(fresh.exitCode).toBe(2);
  expect(JSON.parse(fresh.stdout).changes.length).toBeGreaterThan(0);
  await project.up();
  await killSupervisor(project);
  const plan = await project.orch(['plan', '--json']);
  expect(plan.exitCode).toBe(1);
  expect(JSON.parse(plan.stdout)).toMatchObject({
    error: { code: 'no-supervisor', hint: expect.stringContaining('`orch up -d` adopts') },
  });
  const before = incarnations(project.instances());
  await project.up();
  expect(incarnations(project.instances())).toEqual(before);
  expect((await project.orch(['plan'])).exitCode).toBe(0);
  await project.down();
});

test('plan lists changes of log queues, which make a new generation', async () => {
  const project = createProject({ 'procs.yaml': good }, { readyAfter: true });
  await project.up();
  project.write('other.yaml', `${good}log_queues: { default: { rotate: { size: 1MiB } } }\n`);
  const plan = await project.orch(['plan', '--json', '-f', 'other.yaml']);
  expect(plan.exitCode).toBe(2);
  const answer = JSON.parse(plan.stdout);
  expectShape('plan', answer);
  expect(answer.changes).toEqual([
    {
      service: 'log_queues.default',
      action: 'update',
      instances: [],
      class: 'live',
      keys: [
        {
          key: 'rotate.size',
          from: '64MiB',
          to: '1MiB',
          class: 'live',
          at: { file: 'other.yaml', line: 4, column: 42 },
        },
      ],
      reason: 'rotate.size changed, applied in place',
    },
  ]);
  await project.down();
});

test('wait exits with 0 when the condition holds and with 1 at its timeout', async () => {
  const project = createProject({
    'procs.yaml': `${good}  t: { command: [sh, -c, "sleep 0.5"], restart: never }\n  u: { command: [sleep, "1000"], depends_on: { t: completed } }\n`,
  });
  await project.mustOrch(['up', '-d']);
  expect((await project.orch(['wait', '--for', 'stopped', '--timeout', '100ms', 'b'])).exitCode).toBe(1);
  await project.mustOrch(['wait', '--for', 'converged', '--timeout', '20s']);
  expect(Object.keys(incarnations(project.instances()))).toEqual(['a.1', 'a.2', 'b.1', 'u.1']);
  await project.mustOrch(['wait', '--for', 'ready', '--timeout', '1s', 'a', 'b']);
  await project.down();
});

test('why explains a running instance and rejects an unknown name', async () => {
  const project = createProject({ 'procs.yaml': good });
  await project.up();
  expect((await project.mustOrch(['why', 'a.1'])).stdout).toMatch(/a\.1/);
  await project.mustOrch(['stop', 'b']);
  expect((await project.mustOrch(['why', 'b'])).stdout).toMatch(/stop/);
  const why = await project.orch(['why', 'aa']);
  expect(why.exitCode).toBe(2);
  expect(why.stderr).toMatch(/^error: .*aa/);
  await project.down();
});

test('a reader that closes the pipe early causes no error: orch … | head', async () => {
  const project = createProject({ 'procs.yaml': good.replace('pool: 2', 'pool: 200') });
  await project.up();
  for (const command of ['ps', 'ps --json', 'events', 'events --json', 'config']) {
    const shell = `${process.execPath} ${MAIN} ${command} | head -n 1; exit "\${PIPESTATUS[0]}"`;
    const result = await execa('bash', ['-c', shell], {
      cwd: project.root,
      env: { ...cleanEnvironment(), ...project.env },
      extendEnv: false,
      reject: false,
    });
    expect([command, result.exitCode, result.stderr]).toEqual([command, 0, '']);
    expect(result.stdout.split('\n').length).toBe(1);
  }
  await project.down();
});

test('every command has help with examples, and three shells can read their completion script', async () => {
  const project = createProject({ 'procs.yaml': good });
  const help = await project.mustOrch(['--help']);
  const commands = [
    'init',
    'validate',
    'config',
    'plan',
    'up',
    'down',
    'ps',
    'events',
    'why',
    'logs',
    'start',
    'stop',
    'restart',
    'scale',
    'attach',
    'wait',
    'completion',
  ];
  for (const command of commands) {
    expect(help.stdout).toMatch(new RegExp(`^ *${command}\\b`, 'm'));
    const one = await project.mustOrch([command, '--help']);
    expect([command, /example/i.test(one.stdout)]).toEqual([command, true]);
  }
  expect((await project.mustOrch(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+/m);
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = (await project.mustOrch(['completion', shell])).stdout;
    expect(script.length).toBeGreaterThan(100);
    const check = await execa(shell, ['-n'], { input: script, reject: false });
    if (check.code !== 'ENOENT') expect([shell, check.stderr]).toEqual([shell, '']);
  }
});

test('init writes a valid file and never overwrites one', async () => {
  const project = createProject({
    'package.json': '{"name":"thing","scripts":{"start":"node server.js","dev":"node dev.js"}}',
  });
  await project.mustOrch(['init']);
  expect(project.read('procs.yaml')).toContain('#');
  await project.mustOrch(['validate']);
  const text = project.read('procs.yaml');
  expect((await project.orch(['init'])).exitCode).not.toBe(0);
  expect(project.read('procs.yaml')).toBe(text);
});

test('config, ps, events and plan hide secrets', async () => {
  const project = createProject({
    'procs.yaml': 'env_files: [.env]\nservices:\n  a: { command: [sleep, "1000"], env: { DB_PASSWORD: canary-one } }\n',
    '.env': 'API_TOKEN=canary-two\n',
  });
  await project.up();
  for (const args of [
    ['config'],
    ['config', '--explain'],
    ['config', '--json'],
    ['ps', '--json'],
    ['events', '--json'],
    ['why', 'a'],
  ]) {
    expect((await project.mustOrch(args)).stdout).not.toMatch(/canary/);
  }
  project.edit('.env', 'API_TOKEN=canary-three\n');
  expect((await project.orch(['plan'])).stdout).not.toMatch(/canary/);
  await project.down();
});
