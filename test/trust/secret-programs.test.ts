// Secrets from programs, variables and encrypted files: they reach only the environment of their service, are read
// at each start of an instance and at no other time, and a program that fails, hangs or is gone harms only that start.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { connect } from '../../src/api/client.ts';
import { projectPaths } from '../../src/api/paths.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { startCommand } from '../rig/running-command.ts';
import { waitFor } from '../rig/wait-for.ts';

const canary = () => `s3cr3t-${randomBytes(9).toString('hex')}`;

/** Stand-ins for a password manager, sops and age: they note how they are called, and print a file of `vault`. */
const PROGRAMS = {
  op: 'cat "vault/$2"',
  sops: 'cat "vault/sops"',
  age: 'cat "vault/age"',
  leaks: 'cat vault/leaks; echo "login with $(cat vault/leaks) refused" >&2; exit 7',
  hangs: 'exec sleep 1000',
};

function createWithPrograms(yaml: string, files: Record<string, string> = {}): Project & { calls: () => string[] } {
  const programs = Object.entries(PROGRAMS).map(([name, line]) => [
    `bin/${name}`,
    `#!/bin/sh\necho "${name} $*" >> calls\n${line}\n`,
  ]);
  const project = createProject({ 'procs.yaml': yaml, ...Object.fromEntries(programs), ...files });
  for (const name of Object.keys(PROGRAMS)) chmodSync(project.path(`bin/${name}`), 0o755);
  project.env.PATH = `${project.path('bin')}${delimiter}${process.env.PATH}`;
  const calls = (): string[] => (project.exists('calls') ? project.read('calls').trim().split('\n') : []);
  return Object.assign(project, { calls });
}

function filesOf(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    const stat = statSync(path);
    if (stat.isDirectory()) return filesOf(path);
    return stat.isFile() ? [path] : [];
  });
}

/** Every answer of the API but `environment`, whose answer is the shell of the last `up`. */
async function apiAnswers(project: Project): Promise<unknown[]> {
  const client = (await connect(projectPaths(project.root)))!;
  const loaded = await loadConfig({ file: project.path('procs.yaml'), env: null, environment: {} });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const events: unknown[] = [];
  const answers = [
    await client.request('hello', {}),
    await client.request('status', {}),
    await client.request('plan', { accepted: loaded.accepted }),
    await client.request('why', { name: 'api' }),
    await client.request('why', { name: 'leaking' }),
    await client.request('apply', { accepted: null, only: null }),
    await client.stream('events', { follow: false }, (event) => events.push(event)).done,
  ];
  client.close();
  return [...answers, ...events];
}

const COMMANDS = [
  'config',
  'config --json',
  'config --explain',
  'config --explain --json',
  'plan',
  'plan --json',
  'diff',
  'diff --json',
  'diff dev',
  'diff dev --json',
  'envs',
  'envs --json',
  'ps --wide',
  'ps --json',
  'events',
  'events --json',
  'why api.1 leaking.1 talking.1',
  'why talking --json',
  'validate --json',
  'logs',
  'restart leaking',
  'up -d',
  'wait --timeout 1s leaking',
];

const CANARIES = `
services:
  api:
    command: [sleep, "1000"]
    env:
      A: { secret: { command: [op, read, "api-\${ORCH_INSTANCE}"] } }
      B: { secret: { command: 'op read b | cat' } }
      C: { secret: { env: SHELL_SECRET } }
      D: { secret: { file: secrets.enc.yaml, with: sops, key: smtp.password } }
      E: { secret: { file: secrets.age, with: age, identity: key.txt } }
  talking:
    command: [sleep, "1000"]
    env: { HARMLESS: { secret: { command: [op, read, b] } } }
    readiness: { exec: 'echo "login with $HARMLESS failed"; exit 1', every: 200ms }
    hooks: { after_exit: 'echo $HARMLESS >&2; exit 1' }
    stop: { command: 'echo $HARMLESS; exit 1' }
  leaking: { command: [sleep, "1000"], env: { X: { secret: { command: [leaks] } } } }
`;

test('a secret appears in no file, output, answer or command line, whatever prints it', async () => {
  const secrets = Object.fromEntries(['api-1', 'b', 'sops', 'age', 'leaks', 'shell'].map((name) => [name, canary()]));
  const vault = Object.entries(secrets).map(([name, text]) => [`vault/${name}`, `${text}\n`]);
  const overlay = { 'procs.dev.yaml': 'services: { api: { env: { B: { secret: { command: [op, read, c] } } } } }\n' };
  const project = createWithPrograms(CANARIES, { ...Object.fromEntries(vault), ...overlay, 'key.txt': 'x' });
  project.env.SHELL_SECRET = secrets.shell!;
  await project.orch(['up', '-d']);
  await waitFor('the probe and the program have failed', project.ps, (seen) => {
    const [said, lacking] = ['talking.1', 'leaking.1'].map((id) => instanceOf(seen, id).reason ?? '');
    return (
      said!.includes('login with *** failed') && lacking!.includes('leaks exited with code 7: login with *** refused')
    );
  });
  const { pid } = instanceOf(await project.ps(), 'api.1');
  const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  const own = { A: 'api-1', B: 'b', C: 'shell', D: 'sops', E: 'age' };
  for (const [name, secret] of Object.entries(own)) expect(variables).toContain(`${name}=${secrets[secret]}`);
  const called = project.calls();
  expect(called).toContain(`sops --decrypt --extract ["smtp"]["password"] ${project.path('secrets.enc.yaml')}`);
  expect(called).toContain(`age --decrypt --identity ${project.path('key.txt')} ${project.path('secrets.age')}`);

  const seen = new Map<string, string>();
  for (const line of COMMANDS) {
    const { stdout, stderr } = await project.orch(line.split(' '));
    seen.set(`orch ${line}`, stdout + stderr);
  }
  seen.set('the API', JSON.stringify(await apiAnswers(project)));
  await project.mustOrch(['restart', 'talking']);
  const down = await project.down();
  seen.set('orch down', down.stdout + down.stderr);
  for (const { pid: each, command } of project.processes()) seen.set(`command line of ${each}`, command);
  // What the commands of a service print is in its log as it is, like the output of a program.
  const withoutCommands = (text: string) => text.replace(/^\S+ talking\.1:\w+ .*$/gm, '');
  for (const path of filesOf(project.path('.orch'))) seen.set(path, withoutCommands(readFileSync(path, 'latin1')));
  for (const [where, text] of seen)
    for (const secret of Object.values(secrets)) expect(withoutCommands(text).includes(secret), where).toBe(false);
  expect(seen.get('orch config')).toContain('command: [op, read, "api-${ORCH_INSTANCE}"]');
});

const READS = `
services:
  api:
    command: [sleep, "1000"]
    pool: 2
    env: { KEY: { secret: { command: [op, read, key] } } }
    liveness: { exec: 'test "$KEY" = one && echo >> probes', every: 100ms, failures: 1 }
`;

test('it is read at each start and not for plans, probes, an adoption or another time limit', async () => {
  const project = createWithPrograms(READS, { 'vault/key': 'one\n' });
  const probes = () => (project.exists('probes') ? project.read('probes').length : 0);
  await project.up();
  await waitFor('ten probes', probes, (count) => count >= 10);
  await project.mustOrch(['validate']);
  await project.orch(['plan']);
  expect(project.calls()).toHaveLength(2);
  const pids = async () => (await project.ps()).services[0]!.instances.map(({ pid, state }) => `${pid} ${state}`);
  const before = await pids();

  project.edit('procs.yaml', READS.replace('read, key] }', 'read, key], timeout: 2m }'));
  await waitFor('applied', project.ps, (seen) => seen.generation === 2 && seen.converged);
  // Without the program: what runs needs its secret no more.
  rmSync(project.path('bin/op'));
  const { pid } = (await project.ps()).supervisor;
  process.kill(pid, 'SIGKILL');
  await project.up();
  await project.mustOrch(['upgrade']);
  const count = probes();
  expect(count).toBeGreaterThan(0);
  expect(await pids()).toEqual(before);
  expect(project.calls()).toHaveLength(2);
});

test('a program that fails is a failed start with its reason and back-off; the next start reads again', async () => {
  const project = createWithPrograms(`
services:
  api:
    command: [sleep, "1000"]
    restart: { backoff: 100ms }
    env: { KEY: { secret: { command: [op, read, key] } } }
  other: { command: [sleep, "1000"], env: { KEY: { secret: { env: NOT_SET } } }, restart: never }
`);
  await project.orch(['up', '-d']);
  const lacking = /cannot read secret KEY: op exited with code 1: cat: .*vault\/key/;
  await waitFor('it is tried again', project.ps, (seen) => {
    const { restarts, reason } = instanceOf(seen, 'api.1');
    return restarts >= 2 && lacking.test(reason ?? '');
  });
  await waitFor('the task has failed', project.ps, (seen) => instanceOf(seen, 'other.1').state === 'failed');
  const why = await project.orch(['why', 'other']);
  expect(why.stdout).toContain('cannot read secret KEY: the variable NOT_SET was not set when `orch up` was called');
  project.write('vault/key', 'late');
  await waitFor('it runs', project.ps, (seen) => instanceOf(seen, 'api.1').state === 'ready');
});

const HANGS = `
services:
  slow: { command: [sleep, "1000"], env: { KEY: { secret: { command: [hangs] } } } }
  late: { command: [sleep, "1000"], restart: never, env: { KEY: { secret: { command: [hangs], timeout: 300ms } } } }
  api: { command: [sleep, "1000"] }
`;
const hanging = (project: Project) => project.processes().filter(({ command }) => command === 'sleep 1000');

test('a program that hangs delays only its own start, up to its time limit, and `down` ends it', async () => {
  const project = createWithPrograms(HANGS);
  await project.orch(['up', '-d']);
  const seen = await waitFor('the others are through', project.ps, (status) => {
    return instanceOf(status, 'api.1').state === 'ready' && instanceOf(status, 'late.1').state === 'failed';
  });
  expect(instanceOf(seen, 'slow.1')).toMatchObject({ state: 'starting', reason: 'It waits for its secrets.' });
  const why = await project.orch(['why', 'late']);
  expect(why.stdout).toContain('cannot read secret KEY: hangs has not ended within 0.3 s');
  const begun = performance.now();
  await project.down();
  expect(performance.now() - begun).toBeLessThan(10_000);
  expect(project.processes()).toEqual([]);
});

test('a supervisor that is killed while a secret is read leaves no program behind, and its successor reads again', async () => {
  const project = createWithPrograms(HANGS.replace(/ {2}late:.*\n/, ''));
  await project.orch(['up', '-d']);
  await waitFor('it is being read', project.calls, (calls) => calls.length === 1);
  await waitFor('api runs', project.ps, (seen) => instanceOf(seen, 'api.1').state === 'ready');
  process.kill((await project.ps()).supervisor.pid, 'SIGKILL');
  expect(existsSync(project.path('calls'))).toBe(true);
  project.write('vault/key', 'now');
  project.edit('procs.yaml', HANGS.replace(/ {2}late:.*\n/, '').replace('[hangs]', '[op, read, key]'));
  await project.up();
  await waitFor(
    'the older program is gone',
    () => hanging(project).length,
    (count) => count === 2,
  );
  expect(instanceOf(await project.ps(), 'slow.1').state).toBe('ready');
});

test('`run` and `exec` read the secrets of the service; a signal ends the wait for them', async () => {
  const project = createWithPrograms(
    `services:
  api: { command: [printenv], env: { KEY: { secret: { command: [op, read, key] } } }, start: manual }
  slow: { command: [printenv], env: { KEY: { secret: { command: [hangs] } } }, start: manual }
`,
    { 'vault/key': 'by-run' },
  );
  expect((await project.mustOrch(['run', 'api', '--', 'KEY'])).stdout).toBe('by-run\n');
  expect(project.calls()).toEqual(['op read key']);
  const waiting = startCommand(project, ['run', 'slow', '--', 'KEY']);
  await waitFor('it is being read', project.calls, (calls) => calls.includes('hangs'));
  waiting.signal('SIGINT');
  expect(await waiting.exited).toBe(130);
  await waitFor('the program is gone', project.processes, (seen) => seen.length === 0);
});
