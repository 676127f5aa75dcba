// A secret of the environment is found nowhere but in the environment of its service: no file of ours, no answer, no message (I16).
import { randomBytes } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const canary = () => `s3cr3t-${randomBytes(9).toString('hex')}`;

/** Every regular file below `.orch`, whatever is in it. */
function filesOf(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    const stat = statSync(path);
    if (stat.isDirectory()) return filesOf(path);
    return stat.isFile() ? [path] : [];
  });
}

/** What a hook prints is in the log as it is, like the output of a program. */
const withoutHooks = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !/^\S+ talking\.1:\w+ /.test(line))
    .join('\n');

async function everything(project: Project): Promise<Map<string, string>> {
  const seen = new Map<string, string>();
  const commands = [
    ['config'],
    ['config', '--explain'],
    ['plan'],
    ['ps', '--json'],
    ['events', '--json'],
    ['why', 'api', '--json'],
    ['validate'],
    ['validate', '--json'],
    ['logs'],
  ];
  for (const args of commands) {
    const { stdout, stderr } = await project.orch(args);
    seen.set(`orch ${args.join(' ')}`, stdout + stderr);
  }
  for (const path of filesOf(project.path('.orch'))) seen.set(path, readFileSync(path, 'latin1'));
  for (const { pid, command } of project.processes()) seen.set(`command line of pid ${pid}`, command);
  return seen;
}

function environmentOf(project: Project, id: string): string {
  const { pid } = project.instances().find(({ instance }) => instance === id)!;
  return readFileSync(`/proc/${pid}/environ`, 'utf8');
}

test('a secret appears in no file, output or command line', async () => {
  const [inFile, inEnv, inEnvFile, next] = [canary(), canary(), canary(), canary()];
  const yaml = (password: string, extra = '') => `
env_files: [secrets.env]
services:
  api:
    command: [sleep, "1000"]
    env: { DB_PASSWORD: "${password}", API_TOKEN: "\${API_TOKEN}" }
  broken: { command: [no-such-program], env: { DB_PASSWORD: "${password}" }, restart: never }
${extra}`;
  const project = createProject(
    { 'procs.yaml': yaml(inFile), 'secrets.env': `SESSION_SECRET=${inEnvFile}\n` },
    { env: { API_TOKEN: inEnv } },
  );
  const secrets = [inFile, inEnv, inEnvFile, next];
  const expectNone = (seen: Map<string, string>): void => {
    for (const [where, text] of seen) for (const secret of secrets) expect(text.includes(secret), where).toBe(false);
  };
  await project.orch(['up', '-d', '--wait']);
  // It does reach the program.
  const environment = environmentOf(project, 'api.1');
  for (const secret of [inFile, inEnv, inEnvFile]) expect(environment).toContain(secret);
  expectNone(await everything(project));
  // A change of it, and a mistake in the line where it stands.
  project.edit('procs.yaml', yaml(next));
  expectNone(await everything(project));
  await waitFor('applied', project.ps, (seen) => seen.generation >= 2);
  project.edit('procs.yaml', yaml(next, '  oops: { comand: x }\n'));
  await waitFor('rejected', project.ps, (seen) => seen.config.status === 'rejected');
  expectNone(await everything(project));
  await project.down();
  for (const path of filesOf(project.path('.orch'))) {
    for (const secret of secrets) expect(readFileSync(path, 'latin1').includes(secret), path).toBe(false);
  }
});

/** Every way in which something runs with the environment of an instance. */
const REFERENCES = `
env: { SHARED: { secret: run/shared } }
services:
  plain: { command: [sleep, "1000"], env: { HARMLESS: { secret: ./run/password } } }
  shell: { command: 'sleep 1000; true', env: { HARMLESS: { secret: ./run/password } } }
  recorded: { command: [sleep, "1000"], exit_record: true, env: { HARMLESS: { secret: ./run/password } } }
  typed: { command: [sleep, "1000"], tty: true, env: { HARMLESS: { secret: ./run/password } } }
  held: { command: [sleep, "1000"], stdin: true, listen: [run/held.sock], env: { HARMLESS: { secret: ./run/password } } }
  failing: { command: [no-such-program], restart: never, env: { HARMLESS: { secret: ./run/password } } }
  task: { command: 'test -n "$HARMLESS"', restart: never, env: { HARMLESS: { secret: ./run/password } } }
  talking:
    command: [sleep, "1000"]
    env: { HARMLESS: { secret: ./run/password } }
    readiness: { exec: 'echo "login with $HARMLESS failed"; exit 1', every: 200ms }
    hooks: { after_ready: 'echo $HARMLESS; exit 1', after_exit: 'echo $HARMLESS; exit 1', before_start: 'test -n "$HARMLESS"' }
    stop: { command: 'echo $HARMLESS; exit 1' }
`;

test('a referenced secret appears nowhere, whatever its key, and is read at each start', async () => {
  const [first, second, shared] = [canary(), canary(), canary()];
  const files = { 'procs.yaml': REFERENCES, 'run/password': `${first}\n`, 'run/shared': shared };
  const project = createProject(files);
  for (const name of ['run/password', 'run/shared']) chmodSync(project.path(name), 0o600);
  const expectNone = async (): Promise<void> => {
    const seen = await everything(project);
    for (const id of ['talking.1', 'plain.1', 'failing.1']) {
      const { stdout, stderr } = await project.orch(['why', id]);
      seen.set(`orch why ${id}`, stdout + stderr);
    }
    for (const [where, text] of seen)
      for (const secret of [first, second, shared]) expect(withoutHooks(text).includes(secret), where).toBe(false);
  };
  await project.orch(['up', '-d']);
  await waitFor('all but one are up', project.ps, (seen) =>
    ['plain.1', 'shell.1', 'recorded.1', 'typed.1', 'held.1'].every((id) => instanceOf(seen, id).state === 'ready'),
  );
  for (const id of ['plain.1', 'shell.1', 'recorded.1', 'typed.1', 'held.1', 'talking.1']) {
    const variables = environmentOf(project, id).split('\0');
    expect(variables, id).toContain(`HARMLESS=${first}`);
    expect(variables, id).toContain(`SHARED=${shared}`);
  }
  const said = await waitFor('the probe has failed', project.ps, (seen) =>
    (instanceOf(seen, 'talking.1').reason ?? '').includes('login with'),
  );
  expect(instanceOf(said, 'talking.1').reason).toContain('login with *** failed');
  expect(instanceOf(said, 'task.1').state).toBe('completed');
  await expectNone();
  // `config` shows where it comes from, and what it prints can be loaded again.
  expect((await project.mustOrch(['config'])).stdout).toContain('secret: ./run/password');

  // A change of the file restarts nothing; the next start reads it.
  writeFileSync(project.path('run/password'), second);
  await project.mustOrch(['restart', 'plain', 'talking']);
  await waitFor('restarted', project.ps, (seen) => instanceOf(seen, 'plain.1').state === 'ready');
  expect(environmentOf(project, 'plain.1')).toContain(`HARMLESS=${second}`);
  expect(environmentOf(project, 'shell.1')).toContain(`HARMLESS=${first}`);
  await expectNone();
  await project.down();
  for (const path of filesOf(project.path('.orch'))) {
    const text = withoutHooks(readFileSync(path, 'latin1'));
    for (const secret of [first, second, shared]) expect(text.includes(secret), path).toBe(false);
  }
});

test('an instance whose secret file is missing does not start and names it; a healthy one stays', async () => {
  const project = createProject({
    'procs.yaml': `
defaults: { restart: { backoff: { initial: 100ms, max: 100ms } } }
services:
  api: { command: [sleep, "1000"], env: { API_KEY: { secret: run/key } } }
  probed:
    command: [sleep, "1000"]
    env: { API_KEY: { secret: run/other } }
    liveness: { exec: 'echo >> probes; test -f alive', every: 100ms, failures: 1 }
  fetched:
    command: [sleep, "1000"]
    env: { API_KEY: { secret: run/fetched } }
    hooks: { before_start: 'umask 077; echo by-hook > run/fetched' }
`,
    'run/other': 'x',
    alive: '',
  });
  await project.orch(['up', '-d']);
  await waitFor('it is tried again', project.ps, (seen) => instanceOf(seen, 'api.1').restarts >= 2);
  const why = async () => (await project.orch(['why', 'api.1'])).stdout;
  const lacking = 'cannot read secret API_KEY: run/key does not exist';
  await waitFor('the reason is reported', why, (said) => said.includes(lacking));
  writeFileSync(project.path('run/key'), 'now', { mode: 0o600 });
  const ready = (id: string) => waitFor(id, project.ps, (seen) => instanceOf(seen, id).state === 'ready');
  await ready('api.1');
  expect(environmentOf(project, 'api.1')).toContain('API_KEY=now');
  // A hook may be the one that fetches it.
  await ready('fetched.1');
  expect(environmentOf(project, 'fetched.1')).toContain('API_KEY=by-hook');

  // What a probe does not need, it does not fail for.
  const { pid } = instanceOf(await ready('probed.1'), 'probed.1');
  rmSync(project.path('run/other'));
  const probes = () => project.read('probes').length;
  const before = probes();
  await waitFor('three more probes', probes, (count) => count >= before + 3);
  expect(instanceOf(await project.ps(), 'probed.1')).toMatchObject({ state: 'ready', pid });
  rmSync(project.path('alive'));
  const lost = 'exit code 1 (cannot read secret API_KEY: run/other';
  await waitFor('it is named when the probe fails', project.events, (seen) =>
    seen.some(({ message }) => message.includes(lost)),
  );
});

test('`validate` and `up` warn of a secret file that others can read, and use it', async () => {
  const project = createProject({
    'procs.yaml':
      'services:\n  api: { command: [sleep, "1000"], env: { A: { secret: run/a }, B: { secret: run/b } } }\n',
    'run/a': 'a',
    'run/b': 'b',
  });
  chmodSync(project.path('run/a'), 0o640);
  chmodSync(project.path('run/b'), 0o600);
  const warning = 'procs.yaml:2:56: the secret file "run/a" is open to other users (mode 640)';
  const { stdout, stderr } = await project.mustOrch(['validate']);
  expect(stdout + stderr).toContain(warning);
  expect(stdout + stderr).toContain('chmod 600 run/a');
  expect(stdout + stderr).not.toContain('run/b');
  const up = await project.mustOrch(['up', '-d', '--wait']);
  expect(up.stdout + up.stderr).toContain(warning);
});
