// `variants`: one service declared several times, with differences.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { editPoolSizes } from '../../src/config/edit-pool.ts';
import { effectiveTree } from '../../src/config/effective.ts';
import { printYaml } from '../../src/config/print-yaml.ts';
import { accept, load, loadWithTree, refuse } from './loading.ts';

const FILE = `
defaults: { stop: { grace: 3s }, env: { SHARED: a } }
services:
  worker:
    command: [node, worker.js]
    env: { QUEUE: none, TRACE: "1" }
    tags: [backend]
    variants:
      mail:
        env: { QUEUE: mail }
        pool: 2
      report: { env: { QUEUE: report, TRACE: null }, tags: [batch], stop: { grace: 1m } }
  web: { command: [node, web.js], depends_on: [worker] }
`;

test('a variant has the keys of its service, with its own merged over them', async () => {
  const { services } = await accept(FILE);
  expect(
    services.map(({ name, env, pool, tags, stop, command }) => ({
      name,
      env,
      pool,
      tags,
      stop: stop.graceMs,
      command,
    })),
  ).toEqual(
    [
      { name: 'worker-mail', env: { QUEUE: 'mail', SHARED: 'a', TRACE: '1' }, pool: 2, tags: ['backend'], stop: 3000 },
      { name: 'worker-report', env: { QUEUE: 'report', SHARED: 'a' }, pool: 1, tags: ['batch'], stop: 60_000 },
      { name: 'web', env: { SHARED: 'a' }, pool: 1, tags: [], stop: 3000 },
    ].map((one, index) => ({
      ...one,
      command: { kind: 'argv', argv: ['node', index < 2 ? 'worker.js' : 'web.js'] },
    })),
  );
});

test('a variant is the service that it would be if it were written out: the same spec hash', async () => {
  const written = await accept(
    'services:\n  worker-mail: { command: [node, worker.js], env: { SHARED: a, QUEUE: mail, TRACE: "1" } }\n',
  );
  const [mail] = (await accept(FILE)).services;
  expect(mail!.specHash).toBe(written.services[0]!.specHash);
});

test('a dependency on the service is one on each variant; a variant named by itself counts more', async () => {
  const dependencies = async (on: string) => {
    const { services } = await accept(FILE.replace('depends_on: [worker]', `depends_on: ${on}`));
    return services[2]!.dependsOn.map(({ service, condition }) => `${service} ${condition}`);
  };
  expect(await dependencies('[worker]')).toEqual(['worker-mail started', 'worker-report started']);
  expect(await dependencies('[worker-mail]')).toEqual(['worker-mail started']);
  expect(await dependencies('{ worker: ready }')).toEqual(['worker-mail ready', 'worker-report ready']);
  expect((await dependencies('{ worker: ready, worker-mail: started }')).sort()).toEqual([
    'worker-mail started',
    'worker-report ready',
  ]);
  expect((await dependencies('{ worker-mail: started, worker: ready }')).sort()).toEqual([
    'worker-mail started',
    'worker-report ready',
  ]);
});

test('an overlay changes, adds and removes variants, and what they share', async () => {
  const files = {
    'procs.yaml': FILE,
    'procs.prod.yaml': `
services:
  worker:
    command: [node, dist/worker.js]
    variants:
      mail: { pool: 5 }
      report: null
      push: { env: { QUEUE: push } }
`,
  };
  const { services } = await accept(files, { env: 'prod' });
  expect(services.map(({ name, pool, env }) => [name, pool, env.QUEUE])).toEqual([
    ['worker-mail', 5, 'mail'],
    ['worker-push', 1, 'push'],
    ['web', 1, undefined],
  ]);
  expect(services[0]!.command).toEqual({ kind: 'argv', argv: ['node', 'dist/worker.js'] });
});

test('a shell command of a variant is not expanded; its other values are', async () => {
  const { services } = await accept(
    'services: { w: { variants: { a: { command: "echo $X ${X}", env: { Y: "${X}" } } } } }\n',
    { environment: { X: 'x' } },
  );
  expect(services[0]).toMatchObject({ name: 'w-a', command: { line: 'echo $X ${X}' }, env: { Y: 'x' } });
});

test('an included file that is relative to itself places its variants', async () => {
  const files = {
    'procs.yaml': 'include: [{ path: app/procs.yaml, as: relative }]\nservices: {}\n',
    'app/procs.yaml':
      'services:\n  w: { variants: { a: { command: [x] }, b: { command: [x], cwd: lib, env_files: ["?e"] } } }\n',
  };
  const { services } = await accept(files);
  expect(services.map(({ name, cwd }) => [name, cwd])).toEqual([
    ['w-a', '/project/app'],
    ['w-b', '/project/app/lib'],
  ]);
});

test('the effective configuration loads to the same services', async () => {
  const { built } = await loadWithTree(FILE);
  const printed = printYaml(effectiveTree(built!, { defaults: false }), null);
  expect((await accept(printed)).services).toEqual((await accept(FILE)).services);
});

describe('mistakes', () => {
  test('are at their place in the variant, or once in what variants share', async () => {
    const inVariant = await load(FILE.replace('pool: 2', 'pool: two'));
    expect(inVariant.ok ? [] : inVariant.problems.map(({ line, column, message }) => [line, column, message])).toEqual([
      [11, 15, '`services.worker-mail.pool` must be a number from 0 to 10000, or { size }, not the string "two"'],
    ]);
    const shared = await load(FILE.replace('tags: [backend]', 'tagz: [backend]'));
    expect(shared.ok ? [] : shared.problems.map(({ line, message }) => [line, message])).toEqual([
      [7, 'unknown key "tagz" in `services.worker`'],
    ]);
  });

  test.each([
    ['services: { w: { command: [x], variants: {} } }', ['no-variants:1']],
    ['services: { w: { command: [x], variants: { a: null } } }', ['no-variants:1']],
    ['services: { w: { command: [x], variants: [a] } }', ['wrong-type:1']],
    ['services: { w: { command: [x], variants: { a: 3 } } }', ['wrong-type:1']],
    ['services: { w: { command: [x], variants: { A: {} } } }', ['bad-name:1']],
    ['services: { w: { variants: { a: {} } } }', ['missing-command:1']],
    ['services:\n  w: { command: [x], variants: { a: {} } }\n  w-a: { command: [y] }', ['duplicate-service:2']],
    ['services:\n  w-a: { command: [y] }\n  w: { command: [x], variants: { a: {} } }', ['duplicate-service:3']],
    [
      'services:\n  w: { command: [x], variants: { a-b: {} } }\n  w-a: { command: [y], variants: { b: {} } }',
      ['duplicate-service:3'],
    ],
    ['services: { w: { command: [x], variants: { a: { variants: { b: {} } } } } }', ['misplaced-key:1']],
    ['defaults: { variants: { a: {} } }\nservices: { w: { command: [x] } }', ['misplaced-key:1']],
    ['services:\n  w: { command: [x], port: 80, variants: { a: {}, b: {} } }', ['port-overlap:2']],
    [
      'services:\n  w: { command: [x], variants: { a: {} } }\n  v: { command: [x], depends_on: [w, w-b] }',
      ['unknown-service:3'],
    ],
  ])('%s', async (text, problems) => {
    expect(await refuse(text)).toEqual(problems);
  });
});

describe('scale', () => {
  const scaled = async (files: Record<string, string>, sizes: Record<string, number>, env: string | null = null) => {
    const root = await mkdtemp(join(tmpdir(), 'orch-variants-'));
    try {
      for (const [name, text] of Object.entries(files)) await writeFile(join(root, name), text);
      const result = await editPoolSizes({ file: join(root, 'procs.yaml'), env, environment: {} }, sizes);
      if (!result.ok) return result.problems.map(({ message }) => message);
      return Object.fromEntries(
        await Promise.all(
          Object.keys(files).map(async (name) => [name, await readFile(join(root, name), 'utf8')] as const),
        ),
      );
    } finally {
      await rm(root, { recursive: true });
    }
  };

  test('edits the size of the variant, or adds one to it', async () => {
    expect(await scaled({ 'procs.yaml': FILE }, { 'worker-mail': 4, 'worker-report': 3 })).toEqual({
      'procs.yaml': FILE.replace('pool: 2', 'pool: 4').replace('grace: 1m } }', 'grace: 1m }, pool: 3 }'),
    });
  });

  test('leaves a size that variants share alone', async () => {
    const text = 'services:\n  w:\n    command: [x]\n    pool: 2\n    variants:\n      a: {}\n      b: {}\n';
    expect(await scaled({ 'procs.yaml': text }, { 'w-a': 3 })).toEqual({
      'procs.yaml': text.replace('a: {}', 'a: { pool: 3 }'),
    });
  });

  test('in the overlay that sets it', async () => {
    const overlay = 'services: { worker: { variants: { mail: { pool: 5 } } } }\n';
    const files = { 'procs.yaml': FILE, 'procs.prod.yaml': overlay };
    expect(await scaled(files, { 'worker-mail': 6 }, 'prod')).toEqual({
      ...files,
      'procs.prod.yaml': overlay.replace('5', '6'),
    });
  });

  test('of the service itself is refused', async () => {
    expect(await scaled({ 'procs.yaml': FILE }, { worker: 3 })).toEqual(['no service is named "worker"']);
  });
});
