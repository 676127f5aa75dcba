// `orch validate`, `config` and `init`, called as the command line calls them.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configCommand } from '../../src/cli/commands/config.ts';
import { initCommand } from '../../src/cli/commands/init.ts';
import { validateCommand } from '../../src/cli/commands/validate.ts';
import type { CliContext, ExitCode } from '../../src/cli/context/context.ts';
import { loadConfig } from '../../src/config/load-config.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(realpathSync(tmpdir()), 'orch-commands-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const write = (name: string, text: string) => writeFileSync(join(directory, name), text);
const read = (name: string) => readFileSync(join(directory, name), 'utf8');

type Options = Partial<Pick<CliContext, 'env' | 'json' | 'environment'>>;

const config = (options: { explain?: boolean }) => (context: CliContext) => configCommand.run(context, options, []);
const validate = (context: CliContext) => validateCommand.run(context, undefined as never, []);
const init = (context: CliContext) => initCommand.run(context, undefined as never, []);
async function call(run: (context: CliContext) => Promise<ExitCode>, options: Options = {}) {
  const written = { out: '', err: '' };
  const sink = (name: 'out' | 'err') =>
    new Writable({
      write(chunk, _, done) {
        written[name] += chunk;
        done();
      },
    });
  const context: CliContext = {
    file: join(directory, 'procs.yaml'),
    env: null,
    stateDir: null,
    json: false,
    stdout: sink('out'),
    stderr: sink('err'),
    colour: false,
    environment: {},
    cwd: directory,
    ...options,
  };
  return { code: await run(context), ...written };
}
const loadHere = (environment = {}) => loadConfig({ file: join(directory, 'procs.yaml'), env: null, environment });

describe('validate', () => {
  test('reports a valid file, with the number of services', async () => {
    write('procs.yaml', 'services: { a: { command: x } }');
    expect(await call(validate)).toEqual({ code: 0, out: 'procs.yaml: valid, 1 service, 1 log queue\n', err: '' });
    expect(JSON.parse((await call(validate, { json: true })).out)).toEqual({
      ok: true,
      files: ['procs.yaml'],
      services: ['a'],
      logQueues: ['default'],
      warnings: [],
    });
  });

  test('warnings are printed, and the exit code is 0', async () => {
    write('procs.yaml', 'services: { a: { command: ["$HOME"] } }');
    const result = await call(validate);
    expect(result.code).toBe(0);
    expect(result.err).toMatch(/^warning: procs\.yaml:1:29: \$HOME is taken literally/);
  });

  test('every problem, errors first, exit 2', async () => {
    write('procs.yaml', 'services:\n  a: { command: ["$HOME"], pol: 1 }\n  b: {}\n');
    const result = await call(validate);
    expect(result.code).toBe(2);
    expect(result.err).toMatch(/^error: procs\.yaml:2:28: unknown key "pol"/);
    expect(result.err).toMatch(/procs\.yaml:3:3: the service "b" has no command/);
    const json = JSON.parse((await call(validate, { json: true })).out);
    expect(json).toMatchObject({
      error: { code: 'unknown-key', file: 'procs.yaml', line: 2, column: 28, hint: 'did you mean "pool"?' },
    });
    expect(json.problems).toHaveLength(3);
  });
});

describe('config', () => {
  const project = () => {
    write(
      'procs.yaml',
      'name: shop\nenv_files: [.env]\nenv: { TZ: UTC, GONE: x }\ndefaults: { stop: { grace: 3s } }\nservices:\n  api:\n    command: [node, "a b", "${PORT}", "$$x"]\n    port: 80\n    env: { GONE: null, URL: "postgres://u:pw@h/x" }\n  job: { command: "echo $HOME | cat", restart: never }\n',
    );
    write('procs.dev.yaml', 'services: { api: { pool: 3 } }');
    write('.env', 'API_TOKEN=abc$def\nPLAIN=x$y\n');
  };

  test('merged and expanded, secrets masked', async () => {
    project();
    const { code, out } = await call(config({}), { env: 'dev' });
    expect(code).toBe(0);
    expect(out).toBe(`name: shop
services:
  api:
    command: [node, a b, "\${PORT}", "$$x"]
    env:
      API_TOKEN: "***"
      PLAIN: "x$$y"
      TZ: UTC
      URL: "postgres://u:***@h/x"
    pool: 3
    port: 80
    stop:
      grace: 3s
  job:
    command: "echo $HOME | cat"
    env:
      API_TOKEN: "***"
      PLAIN: "x$$y"
      TZ: UTC
      GONE: x
    restart: never
    stop:
      grace: 3s
`);
  });

  test('its output loads to the same services', async () => {
    project();
    write('.env', 'PLAIN=x$y\n');
    write('procs.yaml', read('procs.yaml').replace(', URL: "postgres://u:pw@h/x"', ''));
    const before = await loadHere();
    for (const explain of [false, true]) {
      const { out } = await call(config({ explain }));
      write('again.yaml', out);
      const again = { file: join(directory, 'again.yaml'), stateDir: join(directory, '.orch') };
      const after = await loadConfig({ ...again, env: null, environment: {} });
      expect(after.ok ? after.accepted.config : after.problems).toEqual(before.ok && before.accepted.config);
    }
  });

  test('--explain names file, line and column of every value, and shows defaults', async () => {
    project();
    const { out } = await call(config({ explain: true }), { env: 'dev' });
    expect(out).toContain('name: shop  # procs.yaml:1:7\n');
    expect(out).toContain('    pool: 3  # procs.dev.yaml:1:26\n');
    expect(out).toContain(
      '      signal: SIGTERM  # default\n      to: main  # default\n      grace: 3s  # procs.yaml:4:28\n',
    );
    expect(out).toContain('      PLAIN: "x$$y"  # .env:2:1\n');
    expect(out).toContain('      policy: never  # procs.yaml:10:48\n');
    expect(out).toContain('    cwd: "."  # default\n');
    expect(out).toContain('log_queues:\n  default:\n    format: text  # default\n');
    const values = out.split('\n').filter((line) => /: ./.test(line));
    expect(values.filter((line) => !/ {2}# (default|[\w.]+:\d+:\d+)$/.test(line))).toEqual([]);
  });

  test('--json', async () => {
    project();
    const plain = JSON.parse((await call(config({}), { json: true })).out);
    expect(plain).toMatchObject({
      name: 'shop',
      services: { api: { env: { API_TOKEN: '***', URL: 'postgres://u:***@h/x' } } },
    });
    const explained = JSON.parse((await call(config({ explain: true }), { json: true })).out);
    expect(explained.origins).toMatchObject({
      'services.api.port': 'procs.yaml:8',
      'services.api.env.PLAIN': '.env:2',
      'services.api.pool': 'default',
    });
    expect(Object.keys(explained.sources).sort()).toEqual(Object.keys(explained.origins).sort());
  });

  test('a bad configuration: problems and exit 2', async () => {
    write('procs.yaml', 'services: {');
    expect(await call(config({}))).toMatchObject({ code: 2, out: '' });
  });
});

describe('init', () => {
  const accepted = async () => {
    const result = await loadHere({ PORT: '1', DB: 'x' });
    if (!result.ok) throw new Error(`${read('procs.yaml')}\n${JSON.stringify(result.problems, null, 1)}`);
    return result.accepted.config.services;
  };

  test('nothing there: a sample that runs', async () => {
    const { code, out } = await call(init);
    expect([code, out]).toEqual([0, 'wrote procs.yaml: hello\nstart it with `orch up`\n']);
    expect((await accepted())[0]).toMatchObject({ name: 'hello', command: { kind: 'argv' } });
    expect(read('procs.yaml')).toMatch(/^# /);
  });

  test('never overwrites', async () => {
    write('procs.yaml', 'mine');
    const { code, err } = await call(init);
    expect([code, err.split('\n')[0], read('procs.yaml')]).toEqual([2, 'error: procs.yaml already exists', 'mine']);
  });

  test('a directory that is not there', async () => {
    const result = await call((context) => init({ ...context, file: join(directory, 'no', 'procs.yaml') }));
    expect(result.code).toBe(2);
    expect(result.err).toMatch(/^error: .*cannot write/);
  });

  test('a Procfile', async () => {
    write(
      'Procfile',
      '# comment\nweb: bundle exec puma -p $PORT\nrelease: rake db:migrate\nMy_Worker: rake "jobs: x" # y\nnonsense\n',
    );
    write('.env', 'A=1\n');
    expect((await call(init)).out).toContain('not taken over: line 5: it is not `name: command`: nonsense');
    expect(await accepted()).toMatchObject([
      {
        name: 'web',
        command: { line: 'bundle exec puma -p $PORT' },
        port: 5000,
        dependsOn: [{ service: 'release', condition: 'completed' }],
        env: { A: '1' },
      },
      { name: 'release', restart: { policy: 'never' } },
      { name: 'my_worker', command: { line: 'rake "jobs: x" # y' } },
    ]);
  });

  test.for([
    [{ start: 'node .', dev: 'x', test: 'y' }, ['dev']],
    [{ dev: 'vite', build: 'x' }, ['dev']],
    [{ 'start:api': 'x', 'start:web': 'y', worker: 'z', start: 'run-p start:*' }, ['api', 'web']],
    [{ 'dev:api': 'x' }, ['dev-api']],
  ] as [Record<string, string>, string[]][])('scripts %o', async ([scripts, names]) => {
    write('package.json', JSON.stringify({ scripts }));
    write('pnpm-lock.yaml', '');
    await call(init);
    const services = await accepted();
    expect(services.map(({ name }) => name)).toEqual(names);
    expect(services[0]!.command).toMatchObject({ argv: ['pnpm', 'run', expect.any(String)] });
  });

  test('a compose file: keys are translated, and what has no program is listed', async () => {
    write(
      'compose.yaml',
      `services:
  web:
    build: .
    command: ["node", "server.js", "--db", "$DB"]
    environment: { LOG: info, SECRET: "\${DB}", COUNT: 3, EMPTY: null, PRICE: "5 $$" }
    depends_on: { db: { condition: service_healthy }, setup: { condition: service_completed_successfully }, cache: { condition: service_started } }
    restart: unless-stopped
    stop_grace_period: 1m30s
    stop_signal: INT
    deploy: { replicas: 3 }
    ports: ["80:80"]
  setup: { image: x, command: "sh -c 'make $$HOME'", restart: "no" }
  cache: { image: redis, entrypoint: redis-server --save "" , environment: [A=1, B], restart: "on-failure:3" }
  db: { image: "postgres:16", healthcheck: { test: x } }
`,
    );
    const { out } = await call(init);
    expect(await accepted()).toMatchObject([
      {
        name: 'web',
        pool: 3,
        command: { argv: ['node', 'server.js', '--db', 'x'] },
        env: { COUNT: '3', LOG: 'info', SECRET: 'x', PRICE: '5 $$' },
        dependsOn: [
          { service: 'setup', condition: 'completed' },
          { service: 'cache', condition: 'started' },
        ],
        restart: { policy: 'always' },
        stop: { signal: 'SIGINT', graceMs: 90_000 },
      },
      { name: 'setup', command: { line: "sh -c 'make $HOME'" }, restart: { policy: 'never' } },
      { name: 'cache', command: { argv: ['redis-server', '--save', ''] }, env: { A: '1' } },
    ]);
    expect(out).toContain('db: runs the image postgres:16');
    expect(read('procs.yaml')).toContain('# Not taken over:');
  });

  test('a broken compose file or package.json is passed over', async () => {
    write('compose.yaml', 'services: [');
    write('package.json', '{');
    expect((await call(init)).out).toContain('hello');
    expect(existsSync(join(directory, 'procs.yaml'))).toBe(true);
  });

  test('--json', async () => {
    write('Procfile', 'web: x\n');
    expect(JSON.parse((await call(init, { json: true })).out)).toEqual({
      file: 'procs.yaml',
      from: 'Procfile',
      services: ['web'],
      notTakenOver: [],
      ignored: null,
    });
  });
});
