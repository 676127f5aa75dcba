// The meaning of an accepted configuration: defaults, merging, environments, shorthands.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { describe, expect, test } from 'vitest';
import { accept, acceptService, load, refuse } from './loading.ts';

test('defaults: every key has a value', async () => {
  const config = await accept('services: { api: { command: [node, a.js] } }');
  expect(config).toMatchObject({ project: 'project', env: null, root: '/project' });
  expect(config.services[0]).toMatchObject({
    name: 'api',
    description: null,
    command: { kind: 'argv', argv: ['node', 'a.js'] },
    cwd: '/project',
    env: {},
    pool: 1,
    port: null,
    singleton: null,
    logQueue: 'default',
    dependsOn: [],
    restart: {
      policy: 'on_failure',
      backoff: { initialMs: 100, maxMs: 30_000, factor: 2 },
      limit: null,
      healthyAfterMs: 10_000,
    },
    stop: { signal: 'SIGTERM', graceMs: 10_000 },
    enabled: true,
  });
  expect(config.logQueues).toMatchObject([
    {
      name: 'default',
      path: '/project/.orch/logs/default.log',
      format: 'text',
      rotate: { sizeBytes: 64 * 2 ** 20, keep: 5, compress: 'gzip', everyMs: 0, totalBytes: 0 },
      capacityBytes: 8 * 2 ** 20,
      overflow: 'block',
    },
  ]);
});

test('an empty set of services must be declared', async () => {
  expect((await accept('services: {}')).services).toEqual([]);
  for (const text of ['', '# nothing\n', 'services:', 'services: null', '{}', 'name: x', '---', 'null']) {
    expect((await load(text)).ok).toBe(false);
  }
});

test('the project is named after its folder, made to fit', async () => {
  expect((await accept('name: shop\nservices: {}')).project).toBe('shop');
  expect((await accept('services: {}')).project).toBe('project');
});

describe('overlays and includes', () => {
  const base =
    'services:\n  api:\n    command: [a]\n    env: { A: "1", B: "1" }\n    depends_on: [db]\n    pool: 2\n    port: 80\n  db: { command: [b] }\n';

  test('maps merge by key, scalars and lists replace, null removes', async () => {
    const overlay =
      'services:\n  api:\n    env: { B: "2", A: null }\n    depends_on: []\n    pool: 3\n    port: null\n  web: { command: [c] }\n';
    const config = await accept({ 'procs.yaml': base, 'procs.dev.yaml': overlay }, { env: 'dev' });
    expect(config.env).toBe('dev');
    expect(config.services.map(({ name }) => name)).toEqual(['api', 'db', 'web']);
    expect(config.services[0]).toMatchObject({ env: { B: '2' }, dependsOn: [], pool: 3, port: null });
  });

  test('null removes a service, a queue, a default', async () => {
    const overlay =
      'services: { api: null, db: { restart: null } }\nlog_queues: { q: null }\ndefaults: { pool: null }\n';
    const text = `log_queues: { q: {} }\ndefaults: { restart: never, pool: 4 }\n${base}`;
    const config = await accept({ 'procs.yaml': text, 'procs.dev.yaml': overlay }, { env: 'dev' });
    expect(config.services).toMatchObject([{ name: 'db', pool: 1, restart: { policy: 'on_failure' } }]);
    expect(config.logQueues.map(({ name }) => name)).toEqual(['default']);
  });

  test('without --env no overlay is read', async () => {
    expect((await accept({ 'procs.yaml': base, 'procs.dev.yaml': 'nonsense' })).env).toBeNull();
  });

  test('includes come first, later ones win, the file wins over all; a file counts where it is named first', async () => {
    const files = {
      'procs.yaml': 'include: [a.yaml, sub/b.yaml]\nservices: { api: { env: { FILE: procs } } }',
      'a.yaml': 'include: [common.yaml]\nservices: { api: { command: [a], env: { FROM: a, FILE: a, COMMON: a } } }',
      'sub/b.yaml': 'include: [../common.yaml]\nservices: { api: { command: [b], env: { FROM: b } } }',
      'common.yaml': 'services: { api: { env: { COMMON: common, ONLY: common } } }',
    };
    const result = await load(files);
    expect(result.ok && result.accepted.config.services[0]).toMatchObject({
      command: { argv: ['b'] },
      env: { FROM: 'b', FILE: 'procs', COMMON: 'a', ONLY: 'common' },
    });
    expect(result.ok && result.accepted.files).toEqual(['procs.yaml', 'a.yaml', 'common.yaml', 'sub/b.yaml']);
  });

  test('a path of an include may hold variables', async () => {
    const files = { 'procs.yaml': 'include: ["${WHICH}.yaml"]', 'x.yaml': 'services: {}' };
    expect((await accept(files, { environment: { WHICH: 'x' } })).services).toEqual([]);
  });

  test('the overlay of another file is next to that file', async () => {
    expect(await refuse({ 'procs.yaml': 'services: {}' }, { env: 'prod' })).toEqual(['missing-overlay:null']);
  });
});

describe('defaults', () => {
  test('lose against the service', async () => {
    const text =
      'defaults: { pool: 3, env: { A: "1", B: "1" }, stop: { grace: 1s } }\nservices: { api: { command: a, env: { B: "2" }, stop: { signal: INT } } }';
    expect(await acceptService(text)).toMatchObject({
      pool: 3,
      env: { A: '1', B: '2' },
      stop: { signal: 'SIGINT', graceMs: 1000 },
    });
  });

  test('a null of the service takes them away', async () => {
    expect(
      await acceptService(
        'defaults: { port: 80, env: { A: x } }\nservices: { api: { command: a, port: null, env: null } }',
      ),
    ).toMatchObject({ port: null, env: {} });
  });
});

describe('YAML', () => {
  test('anchors, aliases and merge keys', async () => {
    const text =
      'x-base: &base { command: [a], env: &env { A: "1", B: "1" } }\nservices:\n  api: { <<: *base, pool: 2 }\n  web: { <<: [{ pool: 3 }, *base], env: { <<: *env, B: "2" } }\n';
    expect((await accept(text)).services).toMatchObject([
      { name: 'api', command: { argv: ['a'] }, pool: 2, env: { A: '1', B: '1' } },
      { name: 'web', command: { argv: ['a'] }, pool: 3, env: { A: '1', B: '2' } },
    ]);
  });

  test('keys that begin with x- are ignored at any level', async () => {
    const text =
      'x-a: [1]\nservices:\n  x-b: 3\n  api: { command: a, x-c: {}, stop: { x-d: 1 }, restart: { backoff: { x-e: 1 } }, depends_on: { x-f: 1 } }\nlog_queues: { x-q: 1 }';
    const config = await accept(text);
    expect(config.services.map(({ name }) => name)).toEqual(['api']);
    expect(config.services[0]!.dependsOn).toEqual([]);
  });

  test('byte order mark, CRLF, no final line break', async () => {
    expect((await acceptService('\ufeffservices:\r\n  api:\r\n    command: |\r\n      a\r\n      b')).command).toEqual({
      kind: 'shell',
      line: 'a\nb\n',
    });
  });

  test('words that other YAML takes for booleans are text; numbers as keys are names', async () => {
    const config = await accept(
      'services: { no: { command: on, log_queue: off }, 010: { command: "1" } }\nlog_queues: { off: {} }',
    );
    expect(config.services.map(({ name }) => name)).toEqual(['no', '010']);
  });
});

describe('shorthands', () => {
  test('restart, singleton, depends_on, pool, stop', async () => {
    const text =
      'services:\n  a: { command: a, restart: never, singleton: true }\n  b: { command: a, depends_on: [a, a], pool: { size: 3 } }\n  c: { command: a, depends_on: { a: completed, b: ready, d: { condition: started } }, restart: { policy: always, backoff: { initial: 1m }, limit: { count: 3, within: 1m } } }\n  d: { command: a, singleton: { key: bot, scope: host } }\n';
    expect((await accept(text)).services).toMatchObject([
      {
        restart: { policy: 'never' },
        singleton: { key: '/project/a', scope: 'user', onConflict: 'replace', pidFile: null },
      },
      { dependsOn: [{ service: 'a', condition: 'started' }], pool: 3 },
      {
        dependsOn: [
          { service: 'a', condition: 'completed' },
          { service: 'b', condition: 'ready' },
          { service: 'd', condition: 'started' },
        ],
        restart: {
          policy: 'always',
          backoff: { initialMs: 60_000, maxMs: 60_000 },
          limit: { count: 3, withinMs: 60_000 },
        },
      },
      { singleton: { key: 'bot', scope: 'host' } },
    ]);
  });

  test('warnings do not prevent a load', async () => {
    const result = await load(
      'services:\n  a: { command: ["$HOME"], enabled: false }\n  b: { command: a, depends_on: [a], restart: { policy: never, limit: { count: 1, within: 1s } } }',
    );
    expect(result.ok && result.accepted.warnings.map(({ code }) => code)).toEqual([
      'bare-variable',
      'waits-forever',
      'no-effect',
    ]);
  });
});

test('of two services with one singleton key, neither may need the other to run', async () => {
  const warningsOf = async (condition: string) => {
    const result = await load(
      `services:\n  a: { command: a, singleton: { key: k } }\n  b: { command: b, singleton: { key: k }, restart: never, depends_on: { a: ${condition} } }`,
    );
    return result.ok ? result.accepted.warnings.map(({ code, line, column }) => `${code}:${line}:${column}`) : null;
  };
  expect(await warningsOf('started')).toEqual(['shared-key:3:73']);
  expect(await warningsOf('ready')).toEqual(['shared-key:3:73']);
  expect(await warningsOf('ended')).toEqual([]);
});

test('ports may be shared by services that do not run together', async () => {
  await accept(
    'services: { a: { command: a, port: 80 }, b: { command: a, port: 80, enabled: false }, c: { command: a, port: 80, pool: 0 } }',
  );
});

test('the longest chain of dependencies loads, and a cycle at its end is found', async () => {
  const names = Array.from({ length: 1000 }, (_, index) => `s${index}`);
  const text = (last: string) =>
    `services:\n${names.map((name, index) => `  ${name}: { command: a, depends_on: [${names[index + 1] ?? last}] }\n`).join('')}  end: { command: a }\n`;
  expect((await accept(text('end'))).services).toHaveLength(1001);
  expect(await refuse(text('s998'))).toEqual(['dependency-cycle:1000']);
});
