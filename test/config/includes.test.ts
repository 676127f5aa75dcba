// `include`: globs, optional paths, and files whose paths are relative to their own directory.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { PROJECT_PATHS, SERVICE_PATHS } from '../../src/config/tree/relative-paths.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';
import { accept, acceptService, type Files, load, refuse } from './loading.ts';

const service = (name: string, more = '') => `services: { ${name}: { command: [${name}]${more} } }`;
const namesOf = async (files: Files) => (await accept(files)).services.map(({ name }) => name);

async function filesOf(files: Files): Promise<string[]> {
  const result = await load(files);
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join());
  return result.accepted.files;
}

describe('a glob', () => {
  const stack = {
    'procs.yaml': 'include: ["services/*/procs.yaml"]\nservices: {}',
    'services/web/procs.yaml': service('web'),
    'services/api/procs.yaml': service('api'),
    'services/notes/readme.yaml': 'not a configuration',
    'services/node_modules/procs.yaml': 'not a configuration',
    'services/.hidden/procs.yaml': 'not a configuration',
  };

  test('reads every file that it matches, sorted', async () => {
    expect(await filesOf(stack)).toEqual(['procs.yaml', 'services/api/procs.yaml', 'services/web/procs.yaml']);
  });

  test.for([
    ['conf.d/?.yaml', ['conf.d/a.yaml', 'conf.d/b.yaml']],
    ['./conf.d/[b-z].yaml', ['conf.d/b.yaml']],
    ['{conf.d,more}/?.yaml', ['conf.d/a.yaml', 'conf.d/b.yaml', 'more/c.yaml']],
    ['{conf.d/b,more/c}.yaml', null],
    ['*/c.yaml', ['more/c.yaml']],
    ['?no/*.yaml', []],
    ['conf.d/lit[e]ral.yaml', ['conf.d/lit[e]ral.yaml']],
  ] as const)('%s reads %j', async ([glob, expected]) => {
    const files = {
      'procs.yaml': `include: ["${glob}"]\nservices: {}`,
      'conf.d/b.yaml': '{}',
      'conf.d/a.yaml': '{}',
      'conf.d/deeper.d/a.yaml': '{}',
      'conf.d/lit[e]ral.yaml': '{}',
      'conf.d/read.me': 'x',
      'more/c.yaml': '{}',
    };
    if (expected) expect(await filesOf(files)).toEqual(['procs.yaml', ...expected]);
    else expect(await refuse(files)).toEqual(['missing-file:1']);
  });

  test('that matches nothing is an error, unless it begins with ?', async () => {
    expect(await refuse({ 'procs.yaml': 'include:\n  - "x/*.yaml"\nservices: {}' })).toEqual(['missing-file:2']);
    expect(await namesOf({ 'procs.yaml': 'include: ["?x/*.yaml"]\nservices: {}' })).toEqual([]);
  });

  test('with ** is refused', async () => {
    expect(await refuse({ 'procs.yaml': 'include: ["**/a.yaml"]\nservices: {}' })).toEqual(['bad-value:1']);
  });

  test('skips the file that names it, and the overlays of the project', async () => {
    const files = {
      'procs.yaml': 'include: ["*.yaml"]\nservices: {}',
      'a.yaml': service('a'),
      'procs.prod.yaml': service('prod'),
    };
    expect(await namesOf(files)).toEqual(['a']);
    expect((await accept(files, { env: 'prod' })).services.map(({ name }) => name)).toEqual(['a', 'prod']);
  });

  test('takes its wildcards from variables, too', async () => {
    const files = { ...stack, 'procs.yaml': 'include: ["services/${WHICH:-*}/procs.yaml"]\nservices: {}' };
    expect(await namesOf(files)).toEqual(['api', 'web']);
    expect((await accept(files, { environment: { WHICH: 'w*' } })).services.map(({ name }) => name)).toEqual(['web']);
  });

  test('watches the directories that it looks into, and the files that may appear', async () => {
    const { watched } = ((await load(stack)) as { accepted: { watched: unknown[] } }).accepted;
    expect(watched).toContainEqual({ path: '/project/services', names: '*', contentHash: 'api/notes/web' });
    expect(watched).toContainEqual({ path: '/project/services/notes/procs.yaml', contentHash: null });
  });

  test('on a disk passes over directories, and follows links to directories', async () => {
    const root = temporaryDirectory();
    for (const [name, text] of Object.entries(stack)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    mkdirSync(join(root, 'elsewhere/x.yaml'), { recursive: true });
    writeFileSync(join(root, 'elsewhere/procs.yaml'), service('linked'));
    symlinkSync('../elsewhere', join(root, 'services/linked'));
    writeFileSync(join(root, 'procs.yaml'), 'include: ["services/*/procs.yaml", "elsewhere/*.yaml"]\nservices: {}');
    const request = { file: join(root, 'procs.yaml'), env: null, environment: {} };
    const result = await loadConfig(request);
    expect(result.ok && result.accepted.config.services.map(({ name }) => name)).toEqual(['api', 'linked', 'web']);
  });
});

test('a file that may be missing is read as soon as it is there', async () => {
  const text = 'include: ["?more.yaml"]\nservices: {}';
  expect(await namesOf({ 'procs.yaml': text })).toEqual([]);
  expect(await namesOf({ 'procs.yaml': text, 'more.yaml': service('a') })).toEqual(['a']);
  const result = await load({ 'procs.yaml': text });
  expect(result.ok && result.accepted.watched).toContainEqual({ path: '/project/more.yaml', contentHash: null });
});

describe('as: relative', () => {
  const relative = (text: string, more: Record<string, string> = {}, procs = '') => ({
    'procs.yaml': `include: [{ path: services/api/procs.yaml, as: relative }]\n${procs || 'services: {}'}`,
    'services/api/procs.yaml': text,
    'services/api/.env': 'FROM=its own\n',
    ...more,
  });

  test('every path is relative to the directory of the file', async () => {
    const text = `
env_files: [.env, "?.env.local"]
env: { TOKEN: { secret: token } }
log_queues: { main: { path: logs/main.log } }
services:
  api:
    command: [x]
    cwd: ./src
    env_files: [./.env]
    env: { KEY: { secret: ./key }, ABSOLUTE: { secret: /run/key } }
    singleton: { pid_file: api.pid }
    listen: [./api.sock, "127.0.0.1:8000"]
    watch: [src/**, ./lib, "!src/gen", ../shared]
    readiness: { unix: ready.sock }
  other: { command: [x], watch: { paths: [a], ignore: [b] }, log_queue: { path: other.log } }
`;
    const config = await accept(relative(text));
    expect(config.services[0]).toMatchObject({
      cwd: '/project/services/api/src',
      env: {
        FROM: 'its own',
        TOKEN: { secret: '/project/services/api/token' },
        KEY: { secret: '/project/services/api/key' },
        ABSOLUTE: { secret: '/run/key' },
      },
      singleton: { pidFile: '/project/services/api/api.pid' },
      listen: [{ path: '/project/services/api/api.sock' }, { host: '127.0.0.1' }],
      watch: {
        paths: ['services/api/src/**', 'services/api/lib', 'services/api/../shared'],
        ignore: ['services/api/src/gen'],
      },
      readiness: { checks: [{ path: '/project/services/api/ready.sock' }] },
    });
    expect(config.services[1]).toMatchObject({ watch: { paths: ['services/api/a'], ignore: ['services/api/b'] } });
    expect(config.logQueues.map(({ path }) => path)).toEqual([
      '/project/services/api/logs/main.log',
      '/project/services/api/other.log',
      '/project/.orch/logs/default.log',
    ]);
  });

  test('a command of the file runs in its directory, unless a cwd is written', async () => {
    const cwd = async (text: string, procs = '') => (await acceptService(relative(text, {}, procs))).cwd;
    expect(await cwd(service('api'))).toBe('/project/services/api');
    expect(await cwd(service('api', ', cwd: ..'))).toBe('/project/services');
    expect(await cwd(`defaults: { cwd: src }\n${service('api')}`)).toBe('/project/services/api/src');
    expect(await cwd(service('api'), 'services: { api: { cwd: app } }')).toBe('/project/app');
    expect(await cwd(service('api'), 'services: { api: { cwd: null } }')).toBe('/project');
    expect(await cwd(service('api'), 'defaults: { cwd: app }\nservices: {}')).toBe('/project/services/api');
    expect(await cwd('services: { api: { env: { A: b } } }', service('api'))).toBe('/project');
  });

  test('variants of a service have its directory, their own paths, and that of their command', async () => {
    const text =
      'services:\n  worker: { variants: { a: { command: [a], env_files: [.env] }, b: { command: [b], cwd: src } } }\n  job: { command: [j], variants: { c: { pool: 2 } } }';
    const { services } = await accept(relative(text));
    expect(services.map(({ name, cwd, env }) => [name, cwd, env.FROM])).toEqual([
      ['worker-a', '/project/services/api', 'its own'],
      ['worker-b', '/project/services/api/src', undefined],
      ['job-c', '/project/services/api', undefined],
    ]);
  });

  test('a path is completed after its variables are filled in', async () => {
    const cwd = async (written: string, environment: Record<string, string> = {}) =>
      (await acceptService(relative(service('api', `, cwd: "${written}"`)), { environment })).cwd;
    expect(await cwd('${DIR}', { DIR: '/absolute' })).toBe('/absolute');
    expect(await cwd('${DIR}', { DIR: 'below' })).toBe('/project/services/api/below');
    expect(await cwd('${ORCH_INSTANCE}')).toBe('/project/services/api/${ORCH_INSTANCE}');
    expect(await cwd('a$$b')).toBe('/project/services/api/a$$b');
  });

  test('a directory whose name looks like a variable or a glob is only a name', async () => {
    const files = {
      'procs.yaml': 'include: [{ path: "$${X} [1]/procs.yaml", as: relative }]\nservices: {}',
      '${X} [1]/procs.yaml': service('api', ', watch: ["*.js"]'),
    };
    expect(await acceptService(files)).toMatchObject({
      cwd: '/project/$${X} [1]',
      watch: { paths: ['$\\{X\\} \\[1\\]/*.js'] },
    });
  });

  test('a file that it includes has the same directory; with as: relative its own', async () => {
    const text = 'include: [sub/plain.yaml, { path: sub/own.yaml, as: relative }]\nservices: {}';
    const config = await accept(
      relative(text, {
        'services/api/sub/plain.yaml': service('plain'),
        'services/api/sub/own.yaml': service('own'),
      }),
    );
    expect(config.services.map(({ name, cwd }) => [name, cwd])).toEqual([
      ['plain', '/project/services/api'],
      ['own', '/project/services/api/sub'],
    ]);
  });

  test('an overlay and a glob may use it', async () => {
    const files = {
      'procs.yaml': 'services: {}',
      'procs.dev.yaml': 'include: [{ path: "services/*/procs.yaml", as: relative }]\n',
      'services/api/procs.yaml': service('api'),
      'services/web/procs.yaml': service('web'),
    };
    const { services } = await accept(files, { env: 'dev' });
    expect(services.map(({ cwd }) => cwd)).toEqual(['/project/services/api', '/project/services/web']);
  });

  test('a file is not included both with it and without', async () => {
    const files = {
      'procs.yaml': 'include:\n  - a/b.yaml\n  - { path: a/b.yaml, as: relative }\nservices: {}',
      'a/b.yaml': '{}',
    };
    expect(await refuse(files)).toEqual(['included-twice:3']);
  });

  test('every path of the schema is known', async () => {
    const { readFileSync } = await import('node:fs');
    const schema = JSON.parse(
      readFileSync(fileURLToPath(new URL('../../schema/procs.schema.json', import.meta.url)), 'utf8'),
    );
    const found = (name: string) => pathsOf(schema, schema.definitions[name], '').sort();
    const project = ['env_files', 'env'].flatMap((key) => pathsOf(schema, schema.properties[key], key));
    const queues = found('log_queue').map((path) => `log_queues.*.${path}`);
    expect([...project, ...queues].sort()).toEqual(Object.keys(PROJECT_PATHS).sort());
    expect(found('service')).toEqual(Object.keys(SERVICE_PATHS).sort());
  });
});

type Node = Record<string, unknown> & { properties?: Record<string, Node>; anyOf?: Node[]; items?: Node };

function pathsOf(schema: { definitions: Record<string, Node> }, node: Node, at: string): string[] {
  const reference = typeof node.$ref === 'string' ? node.$ref.replace('#/definitions/', '') : null;
  if (reference === 'path') return [at];
  // A variant is a service.
  if (reference === 'service' && at !== '') return [];
  const below = (key: string) => (at === '' ? key : `${at}.${key}`);
  const any = [node.additionalProperties, ...Object.values((node.patternProperties ?? {}) as object)];
  return [
    ...(reference ? pathsOf(schema, schema.definitions[reference]!, at) : []),
    ...Object.entries(node.properties ?? {})
      .filter(([key]) => key !== 'variants') // services again
      .flatMap(([key, inner]) => pathsOf(schema, inner, below(key))),
    ...any.flatMap((inner) => (inner && typeof inner === 'object' ? pathsOf(schema, inner as Node, below('*')) : [])),
    ...(node.anyOf ?? []).flatMap((branch) => pathsOf(schema, branch, at)),
    ...(node.items ? pathsOf(schema, node.items, below('[]')) : []),
  ];
}

describe('a cycle', () => {
  test('is reported with the place of every include in it', async () => {
    const result = await load({
      'procs.yaml': 'include: [a.yaml]\nservices: {}',
      'a.yaml': '\ninclude: [b.yaml]',
      'b.yaml': '\n\ninclude: [a.yaml]',
    });
    expect(!result.ok && result.problems.map(({ file, line, message }) => [file, line, message])).toEqual([
      ['b.yaml', 3, 'include cycle: a.yaml:2 includes b.yaml, b.yaml:3 includes a.yaml'],
    ]);
  });

  test('through a glob is none: the glob skips what is being read', async () => {
    expect(
      await namesOf({
        'procs.yaml': 'include: ["parts/*.yaml"]\nservices: {}',
        'parts/a.yaml': `include: ["*.yaml"]\n${service('a')}`,
        'parts/b.yaml': service('b'),
      }),
    ).toEqual(['b', 'a']);
  });
});
