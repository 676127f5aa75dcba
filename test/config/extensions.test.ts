// `!append` and `!prepend` in files: what they extend, where their items come from, mistakes, `null` at any depth.
import { describe, expect, test } from 'vitest';
import { effectiveTree } from '../../src/config/effective.ts';
import { setPoolSize } from '../../src/config/pool-size.ts';
import { printYaml } from '../../src/config/print-yaml.ts';
import { accept, acceptService, load, loadWithTree } from './loading.ts';

const dev = { env: 'dev' };
const overlaid = (base: string, overlay: string, more: Record<string, string> = {}) => ({
  'procs.yaml': `services: { api: { command: [node, api.js], ${base} }, db: { command: [db] }, cache: { command: [c] } }`,
  'procs.dev.yaml': `services: { api: { ${overlay} } }`,
  ...more,
});

describe('a list of an overlay', () => {
  test('is appended to the command, and prepended', async () => {
    const commandOf = async (tag: string) =>
      (await acceptService(overlaid('pool: 1', `command: ${tag} [--inspect]`), dev)).command;
    expect(await commandOf('!append')).toEqual({ kind: 'argv', argv: ['node', 'api.js', '--inspect'] });
    expect(await commandOf('!prepend')).toEqual({ kind: 'argv', argv: ['--inspect', 'node', 'api.js'] });
    expect(await commandOf('')).toEqual({ kind: 'argv', argv: ['--inspect'] });
  });

  test('is appended to env_files: the last file wins', async () => {
    const files = overlaid('env_files: [a.env]', 'env_files: !append [b.env]', {
      'a.env': 'A=a\nB=a\n',
      'b.env': 'B=b\n',
    });
    expect((await acceptService(files, dev)).env).toEqual({ A: 'a', B: 'b' });
  });

  test.for([
    ['[db]', '!append [cache]', { db: 'started', cache: 'started' }],
    ['{ db: ready }', '!append [cache]', { db: 'ready', cache: 'started' }],
    ['{ db: ready }', '!prepend [cache, db]', { db: 'ready', cache: 'started' }],
    ['[db]', '{ cache: ready }', { cache: 'ready' }],
  ] as const)('depends_on: %s with %s', async ([base, overlay, expected]) => {
    const { dependsOn } = await acceptService(overlaid(`depends_on: ${base}`, `depends_on: ${overlay}`), dev);
    expect(Object.fromEntries(dependsOn.map(({ service, condition }) => [service, condition]))).toEqual(expected);
  });

  test('is appended over every layer, in block form, too', async () => {
    const files = {
      ...overlaid('profiles: [a]', 'profiles: !append [b]'),
      'procs.eu.yaml': 'services:\n  api:\n    profiles: !append # more\n      - c\n      - d\n',
      'procs.local.yaml': 'services:\n  api:\n    profiles: !prepend\n    - mine\n',
    };
    expect((await acceptService(files, { env: 'dev,eu' })).profiles).toEqual(['mine', 'a', 'b', 'c', 'd']);
  });

  test('with nothing below is a plain list; after a null, too', async () => {
    expect((await acceptService(overlaid('pool: 1', 'profiles: !append [b]'), dev)).profiles).toEqual(['b']);
    expect((await acceptService('services: { api: { command: !append [x] } }')).command).toMatchObject({ argv: ['x'] });
    const files = {
      ...overlaid('profiles: [a]', 'profiles: null'),
      'procs.local.yaml': 'services: { api: { profiles: !append [c] } }',
    };
    expect((await acceptService(files, dev)).profiles).toEqual(['c']);
  });

  test('extends the defaults where the service has none', async () => {
    const text =
      'defaults: { profiles: [a], depends_on: { db: ready } }\nservices:\n  db: { command: [d], depends_on: null }\n';
    const api =
      '  api: { command: [x], profiles: !append [b], depends_on: !append [cache] }\n  cache: { command: [c] }\n';
    const service = await acceptService(`${text}${api}`.replace('cache: {', 'cache: { depends_on: null,'));
    expect(service.profiles).toEqual(['a', 'b']);
    expect(service.dependsOn.map((one) => [one.service, one.condition])).toEqual([
      ['db', 'ready'],
      ['cache', 'started'],
    ]);
  });

  test('of a variant extends that of its service, also after the variant was removed and declared again', async () => {
    const files = {
      'procs.yaml': 'services: { w: { command: [w], variants: { a: { command: !append [x] }, b: { command: [b] } } } }',
      'procs.dev.yaml': 'services: { w: { variants: { a: null, b: null } } }',
      'procs.local.yaml': 'services: { w: { variants: { a: { command: !append [y] } } } }',
    };
    const { services } = await accept(files, dev);
    expect(services.map(({ name, command }) => [name, command])).toEqual([['w-a', { kind: 'argv', argv: ['w', 'y'] }]]);
  });

  test('of an included file keeps its own directory', async () => {
    const files = {
      'procs.yaml':
        'include: [{ path: api/procs.yaml, as: relative }]\nservices: { api: { command: [x], env_files: !append [b.env] } }',
      'api/procs.yaml': 'services: { api: { env_files: [a.env] } }',
      'api/a.env': 'A=a\n',
      'b.env': 'B=b\n',
    };
    expect((await acceptService(files)).env).toEqual({ A: 'a', B: 'b' });
  });
});

test('config --explain has a place for each item, and the result can be loaded again', async () => {
  const { built } = await loadWithTree(overlaid('profiles: [a]', 'profiles: !append [b]'), dev);
  const text = printYaml(effectiveTree(built!, { defaults: false }), ({ source }) => source.display);
  expect(text).toContain('    profiles:\n      - a  # procs.yaml\n      - b  # procs.dev.yaml\n');
  expect((await acceptService(text)).profiles).toEqual(['a', 'b']);
});

test('a pool is scaled in a file with tags, which stay', () => {
  const text = 'services:\n  api:\n    profiles: !append\n      - a\n    pool: 1\n    env_files: !prepend [b]\n';
  expect(setPoolSize(text, ['api'], 3)).toEqual({ ok: true, text: text.replace('pool: 1', 'pool: 3') });
});

describe('a mistake', () => {
  const messages = async (files: Record<string, string>, options = {}) => {
    const result = await load(files, options);
    return result.ok ? [] : result.problems.map(({ file, line, column, message }) => [file, line, column, message]);
  };

  test('names both places where the value below is not a list', async () => {
    const files = {
      'procs.yaml': 'services:\n  api:\n    command: x\n',
      'procs.dev.yaml': 'services:\n  api:\n    command: !append [y]\n',
    };
    expect(await messages(files, dev)).toEqual([
      ['procs.dev.yaml', 3, 22, '`!append` and `!prepend` extend a list, but procs.yaml:3 has a single value here'],
    ]);
  });

  test('is none where a later layer replaces the value', async () => {
    const files = {
      'procs.yaml': 'services: { api: { command: x } }',
      'procs.dev.yaml': 'services: { api: { command: !append [y] } }',
      'procs.local.yaml': 'services: { api: { command: [z] } }',
    };
    expect(await messages(files, dev)).toEqual([]);
  });

  test('is found in defaults, too', async () => {
    const text = 'defaults: { command: x }\nservices: { api: { command: !append [y] } }';
    expect(await messages({ 'procs.yaml': text })).toEqual([
      ['procs.yaml', 2, 37, '`!append` and `!prepend` extend a list, but procs.yaml:1 has a single value here'],
    ]);
  });
});

/** A value for every key of a service and a log queue, and another one below it where it is a map. */
const COMPLETE = `
log_queues: { q: { path: q.log, format: json, rotate: { size: 1MiB, keep: 2, total: 1GiB }, capacity: 1MiB } }
env: { P: p, Q: q }
services:
  api:
    command: [x]
    description: d
    cwd: sub
    env: { A: a, B: b }
    pool: { size: 2, rollout: { max_surge: 2, min_ready: 2s } }
    log_queue: q
    depends_on: { db: { condition: ready, on_loss: restart } }
    readiness: { log: up, delay: 1s, every: 2s, timeout: 2s }
    restart: { policy: always, backoff: { initial: 1s, max: 2s }, limit: { count: 3, within: 1m } }
    stop: { signal: SIGINT, grace: 3s }
    hooks: { before_start: [h], after_ready: [h] }
    limits: { nofile: 100, nice: 1 }
  db: { command: [x] }
`;

test('null removes at any depth: the result is that of a file without the key', async () => {
  const { built, problems } = await loadWithTree(COMPLETE);
  expect(problems).toEqual([]);
  const paths = pathsOf(plain(built!.written)).filter(
    (path) => !['services', 'services.api', 'services.api.command'].includes(path.join('.')),
  );
  expect(paths.length).toBeGreaterThan(40);
  for (const path of paths) {
    const overlay = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), null);
    const without = JSON.stringify(withoutPath(plain(built!.written), path));
    const [removed, never] = await Promise.all([
      load({ 'procs.yaml': COMPLETE, 'procs.dev.yaml': JSON.stringify(overlay) }, dev),
      load({ 'procs.yaml': without, 'procs.dev.yaml': '{}' }, dev),
    ]);
    const resultOf = (result: typeof removed) =>
      result.ok ? result.accepted.config : result.problems.map(({ code }) => code);
    expect([path.join('.'), resultOf(removed)]).toEqual([path.join('.'), resultOf(never)]);
  }
});

type Plain = { [key: string]: Plain } | unknown;
function plain(tree: Parameters<typeof printYaml>[0]): Plain {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(plain);
  return Object.fromEntries([...tree.entries.values()].map(({ key, value }) => [key, plain(value)]));
}
const isMap = (value: Plain): value is { [key: string]: Plain } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const pathsOf = (value: Plain): string[][] =>
  isMap(value)
    ? Object.entries(value).flatMap(([key, inner]) => [[key], ...pathsOf(inner).map((path) => [key, ...path])])
    : [];
function withoutPath(value: Plain, [key, ...rest]: string[]): Plain {
  if (!isMap(value)) return value;
  const { [key!]: inner, ...others } = value;
  return rest.length === 0 ? others : { ...value, [key!]: withoutPath(inner, rest) };
}
