// `orch run` and `orch exec`: programs that run in the place of a service and do not count as instances.
import { spawn } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { freePorts } from '../rig/free-ports.ts';
import { cleanEnvironment, MAIN } from '../rig/orch.ts';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { KEY } from '../rig/terminal.ts';
import { waitFor } from '../rig/wait-for.ts';

const shell = (script: string): string => JSON.stringify(['sh', '-c', script]);
const DB = '  db: { command: [sleep, "1000"] }\n';
const SHOW =
  'echo "$A|$ORCH_SERVICE|$ORCH_INSTANCE|$ORCH_INSTANCE_ID|$ORCH_ENV|$(printenv ORCH_NONCE || echo none)"'.replaceAll(
    '$',
    '$$$$',
  );

const runningNames = async (project: Project): Promise<string[]> =>
  (await project.ps()).services.filter(({ running }) => running > 0).map(({ name }) => name);

test('run starts what a service depends on, runs its program once and exits with its code', async () => {
  const project = createProject({
    'sub/file': 'in sub\n',
    'procs.yaml': `env: { A: one }
services:
${DB}  seed: { command: ${shell('echo seeded > seed')}, restart: never, depends_on: { db: ready } }
  tests: { command: ${shell(`cat file; ${SHOW}; exit 3`)}, cwd: sub, depends_on: { seed: completed }, restart: always }
  other: { command: [sleep, "1000"] }
`,
  });
  const first = await project.orch(['run', 'tests']);
  expect(first).toMatchObject({ exitCode: 3, stdout: 'in sub\none|tests|1|tests.1||none\n' });
  expect(first.stderr).toBe('started db, seed for tests; `orch down` stops what runs\n');
  expect(project.read('seed')).toBe('seeded\n');
  expect(await runningNames(project)).toEqual(['db']);
  expect(instanceOf(await project.ps(), 'tests.1')).toMatchObject({ pid: null, restarts: 0, lastExit: null });
  // What runs already is used as it is.
  const { pid } = instanceOf(await project.ps(), 'db.1');
  expect(await project.orch(['run', 'tests', '--down'])).toMatchObject({ exitCode: 3, stderr: '' });
  expect(instanceOf(await project.ps(), 'db.1').pid).toBe(pid);
  await project.down();
  const temporary = await project.orch(['run', 'tests', '--down']);
  expect(temporary.exitCode).toBe(3);
  expect(temporary.stderr).toContain('started db, seed for tests\n');
  expect(project.processes()).toEqual([]);
});

test('run --down stops only what it started', async () => {
  const project = createProject({
    'procs.yaml': `services:\n${DB}  web: { command: [sleep, "1000"] }\n  tests: { command: ["true"], depends_on: [db] }\n`,
  });
  await project.up('web');
  expect((await project.mustOrch(['run', 'tests', '--down'])).stderr).toContain('started db for tests');
  expect(await runningNames(project)).toEqual(['web']);
  await project.down();
});

test('run reports a dependency that cannot be met, and one that takes too long', async () => {
  const project = createProject({
    'procs.yaml': `services:
  bad: { command: ${shell('exit 4')}, restart: never }
  slow: { command: [sleep, "1000"], readiness: { exec: "false" } }
  one: { command: [echo, ran], depends_on: { bad: completed } }
  two: { command: [echo, ran], depends_on: { slow: ready } }
`,
  });
  const one = await project.orch(['run', 'one']);
  expect(one).toMatchObject({ exitCode: 1, stdout: '' });
  expect(one.stderr).toContain('error: one needs bad (completed): bad.1 ended with exit code 4');
  const two = await project.orch(['run', 'two', '--timeout', '100ms']);
  expect(two).toMatchObject({ exitCode: 1, stdout: '' });
  expect(two.stderr).toContain('error: two needs slow (ready)');
  expect(await project.orch(['run', 'two', '--no-deps'])).toMatchObject({ exitCode: 0, stdout: 'ran\n' });
  await project.down();
});

test('without dependencies run needs no supervisor and leaves nothing; arguments are added to the command', async () => {
  const project = createProject({
    'procs.yaml': `services:
  list: { command: [printf, "<%s>", first] }
  line: { command: "printf '<%s>' first" }
  placed: { command: "printf '<%s>' \\"$2\\" last" }
  commented: { command: "printf x # arguments" }
  missing: { command: [no-such-program] }
  killed: { command: ${shell('kill -TERM $$$$')} }
`,
  });
  const given = ['--', '-n', 'two words', '$HOME', '$PORT', "it's"];
  const words = "<first><-n><two words><$HOME><$PORT><it's>";
  expect(await project.orch(['run', 'list', ...given])).toMatchObject({ exitCode: 0, stdout: words, stderr: '' });
  expect(await project.orch(['run', 'line', ...given])).toMatchObject({ exitCode: 0, stdout: words, stderr: '' });
  expect((await project.orch(['run', 'placed', ...given])).stdout).toBe('<two words><last>');
  expect(await project.orch(['run', 'commented'])).toMatchObject({ exitCode: 0, stdout: 'x' });
  const commented = await project.orch(['run', 'commented', '--', 'y']);
  expect(commented).toMatchObject({ exitCode: 2, stdout: '' });
  expect(commented.stderr).toContain('hint: write `"$@"` where they belong');
  const missing = await project.orch(['run', 'missing']);
  expect(missing.exitCode).toBe(127);
  expect(missing.stderr).toBe('error: command not found: no-such-program (looked in PATH)\n');
  expect((await project.orch(['run', 'killed'])).exitCode).toBe(143);
  const unknown = await project.orch(['run', 'lst']);
  expect(unknown.exitCode).toBe(2);
  expect(unknown.stderr).toContain('did you mean "list"?');
  expect((await project.orch(['run', 'list', '-n'])).stderr).toContain('`orch run NAME -- -n`');
  expect(project.exists('.orch')).toBe(false);
});

test('run takes the environment that runs, and --set wins over what is declared', async () => {
  const project = createProject({
    'procs.yaml': `services:\n${DB}  show: { command: ${shell(SHOW)}, env: { A: "\${A:-base}" }, depends_on: [db] }\n`,
    'procs.prod.yaml': 'services: { show: { env: { A: prod } } }\n',
  });
  await project.mustOrch(['-e', 'prod', 'up', '-d', '--wait', 'db']);
  expect((await project.mustOrch(['run', 'show'])).stdout).toContain('prod|show|1|show.1|prod|');
  expect((await project.mustOrch(['run', 'show', '--set', 'A=set', '--set', 'B=x=y'])).stdout).toContain('set|show');
  const other = await project.orch(['-e', '', 'run', 'show']);
  expect(other.exitCode).toBe(4);
  expect(other.stderr).toContain('the project runs with the environment prod, not with no environment');
  expect((await project.mustOrch(['-e', '', 'run', 'show', '--no-deps'], { env: { A: 'mine' } })).stdout).toContain(
    'mine|show|1|show.1||',
  );
  expect((await project.orch(['run', 'show', '--set', 'ORCH_ENV=x'])).stderr).toContain('orch itself sets ORCH_ENV');
  expect((await project.orch(['run', 'show', '--set', 'x'])).stderr).toContain('Expected NAME=VALUE');
  await project.down();
});

test('run gets the PORT of the first instance, another one while that is in use, and the ports of others', async () => {
  const port = await freePorts(1);
  const serve = JSON.stringify(['node', '-e', 'require("net").createServer().listen(process.env.PORT, "127.0.0.1")']);
  const project = createProject({
    'procs.yaml': `services:
  auto: { command: ${serve}, port: auto, readiness: { tcp: "\${PORT}" } }
  api:
    command: ${serve}
    port: ${port}
    env: { OTHER: "\${auto.port}" }
    readiness: { tcp: "\${PORT}" }
  show: { command: [echo, "\${auto.port}"] }
`,
  });
  const early = await project.orch(['run', 'show']);
  expect(early.exitCode).toBe(1);
  expect(early.stderr).toContain('auto does not run');
  await project.up();
  const status = await project.ps();
  const auto = String(instanceOf(status, 'auto.1').port);
  expect((await project.mustOrch(['run', 'show'])).stdout.trim()).toBe(auto);
  const api = await project.mustOrch(['exec', 'api', '--', 'sh', '-c', 'echo $PORT $OTHER']);
  expect(api.stdout.trim()).toBe(`${port} ${auto}`);
  await project.mustOrch(['stop', 'api']);
  const script =
    'require("net").createServer().listen(process.env.PORT, "127.0.0.1", () => { console.log(process.env.PORT); process.exit() })';
  const free = createProject({
    'procs.yaml': `services:\n  api: { command: [node, -e, ${JSON.stringify(script)}], port: ${port} }\n`,
  });
  expect((await free.mustOrch(['run', 'api'])).stdout.trim()).toBe(String(port));
  await project.mustOrch(['start', 'api']);
  await project.mustOrch(['wait', '--for', 'ready', 'api']);
  const moved = await free.mustOrch(['run', 'api']);
  expect(Number(moved.stdout)).not.toBe(port);
  expect(moved.stderr).toContain(`port ${port} is in use: PORT is ${moved.stdout.trim()} for this run`);
  await project.down();
  // The kept port of a project that is down.
  expect((await project.mustOrch(['run', 'show'])).stdout.trim()).toBe(auto);
});

test('a singleton runs once: as an instance, or by run', async () => {
  const hold = `  one: { command: ${shell('echo $$$$ >> pids; exec sleep 1000')}, singleton: refuse }\n`;
  const project = createProject({ 'procs.yaml': `services:\n${DB}${hold}` });
  await project.up('db');
  const run = spawn(process.execPath, [MAIN, 'run', 'one'], {
    cwd: project.root,
    env: { ...cleanEnvironment(), ...project.env },
    stdio: 'ignore',
    detached: true,
  });
  const exited = new Promise((resolve) => run.on('exit', resolve));
  await waitFor('it runs', () => project.exists('pids') && project.read('pids').endsWith('\n'), Boolean);
  const second = await project.orch(['run', 'one']);
  expect(second.exitCode).toBe(4);
  expect(second.stderr).toContain('one is a singleton and runs already');
  expect((await project.orch(['start', 'one'])).exitCode).toBe(4);
  run.kill('SIGTERM');
  expect(await exited).toBe(143);
  await project.mustOrch(['start', 'one']);
  expect((await project.orch(['run', 'one'])).exitCode).toBe(4);
  expect(project.read('pids').trim().split('\n')).toHaveLength(2);
  await project.down();
});

test('exec runs a command with the directory, variables and secrets of an instance, and prints none of them', async () => {
  const project = createProject({
    token: 'hunter2\n',
    'sub/file': 'in sub\n',
    'procs.yaml': `env: { A: one }
services:
  api: { command: [sleep, "1000"], pool: 2, cwd: sub, env: { TOKEN: { secret: token } } }
  off: { command: [sleep, "1000"], start: manual }
`,
  });
  chmodSync(project.path('token'), 0o600);
  expect((await project.orch(['exec', 'api', '--', 'true'])).exitCode).toBe(3);
  await project.up();
  const see = ['--', 'sh', '-c', `cat file; ${SHOW.replaceAll('$$', '$')}; [ "$TOKEN" = hunter2 ] && exit 7`];
  const second = await project.orch(['exec', 'api.2', ...see]);
  expect(second).toMatchObject({ exitCode: 7, stdout: 'in sub\none|api|2|api.2||none\n', stderr: '' });
  expect((await project.orch(['exec', 'api', ...see])).stdout).toContain('|api.1|');
  expect((await project.mustOrch(['exec', 'api', '--set', 'A=two', '--', 'sh', '-c', 'echo $A'])).stdout).toBe('two\n');
  const off = await project.mustOrch(['exec', 'off', '--', 'sh', '-c', 'echo $ORCH_INSTANCE_ID']);
  expect(off).toMatchObject({
    stdout: 'off.1\n',
    stderr: 'off is not running: the command gets what off.1 would be given\n',
  });
  expect((await project.orch(['exec', 'api', '--', 'no-such-program'])).exitCode).toBe(127);
  expect((await project.orch(['exec', 'apy', '--', 'true'])).stderr).toContain('did you mean "api"?');
  const output =
    project.read('.orch/events.jsonl') +
    project.read('.orch/supervisor.log') +
    (await project.orch(['ps', '--json'])).stdout;
  expect(output).not.toContain('hunter2');
  // It is not a part of the instance.
  const input = execa(process.execPath, [MAIN, 'exec', 'api', '--', 'sh', '-c', 'echo up; cat'], {
    ...{ cwd: project.root, env: { ...cleanEnvironment(), ...project.env }, extendEnv: false },
  });
  await new Promise((resolve) => input.stdout.once('data', resolve));
  await project.mustOrch(['stop', 'api']);
  input.stdin.end('still here');
  expect((await input).stdout).toContain('still here');
  await project.down();
});

test('in a terminal, Ctrl-C and input go to the program', async () => {
  const program =
    'trap "echo caught; exit 5" INT; [ -t 0 ] && [ -t 1 ] && echo a terminal; read line; echo "got $line"; while :; do sleep 0.1; done';
  const project = createProject({
    'procs.yaml': `services:\n  shell: { command: ${shell(program.replaceAll('$', '$$$$'))} }\n`,
  });
  const terminal = project.terminal(['run', 'shell']);
  await terminal.waitForText('a terminal');
  terminal.type('hello\r');
  await terminal.waitForText('got hello');
  terminal.type(KEY.ctrlC);
  await terminal.waitForText('caught');
  expect((await terminal.waitForExit()).exitCode).toBe(5);
});

test('Ctrl-C while a dependency is awaited ends run; with --down nothing is left', async () => {
  const project = createProject({
    'procs.yaml': `services:
  slow: { command: [sleep, "1000"], readiness: { exec: "false" } }
  two: { command: [echo, ran], depends_on: { slow: ready } }
`,
  });
  const terminal = project.terminal(['run', 'two', '--down']);
  const isRunning = () => project.instances().some(({ instance }) => instance === 'slow.1');
  await waitFor('the dependency runs', isRunning, Boolean);
  terminal.type(KEY.ctrlC);
  expect((await terminal.waitForExit(20_000)).exitCode).toBe(130);
  expect(terminal.raw()).not.toMatch(/^ran/m);
  await waitFor('nothing is left', project.processes, (left) => left.length === 0);
});

test.skipIf(process.geteuid?.() !== 0)('run and exec run as the user of the service', async () => {
  const project = createProject({
    'procs.yaml': `services:\n  job: { command: [sh, -c, 'echo "$$(id -un) $$(umask) $$HOME"; exec sleep 1000'], user: daemon, umask: "027", cwd: / }\n`,
  });
  await project.up();
  const own = await project.mustOrch(['exec', 'job', '--', 'sh', '-c', 'id -un; umask']);
  expect(own.stdout).toBe('daemon\n0027\n');
  project.edit('procs.yaml', 'services:\n  job: { command: [id, -un], user: daemon, cwd: / }\n');
  expect((await project.mustOrch(['run', 'job', '--no-deps'])).stdout).toBe('daemon\n');
  await project.down();
});
