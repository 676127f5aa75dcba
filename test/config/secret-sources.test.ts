// Where a secret may come from: the forms of `secret`, what a change of them means, and how they are shown.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { expect, test } from 'vitest';
import { effectiveTree } from '../../src/config/effective.ts';
import { printYaml } from '../../src/config/print-yaml.ts';
import { diffServices } from '../../src/plan/diff-services.ts';
import { accept, acceptService, load, loadWithTree } from './loading.ts';

const service = (secret: string, more = '') =>
  `services: { api: { command: a, env: { A: { secret: ${secret} } }${more} } }`;
const sourceOf = async (secret: string) => (await acceptService(service(secret))).env.A;

test.each([
  ['./a', '/project/a'],
  ['{ file: ./a }', '/project/a'],
  ['{ env: STRIPE_KEY }', { kind: 'variable', name: 'STRIPE_KEY' }],
  [
    '{ command: [op, read, "op://x/${ORCH_SERVICE}"] }',
    { kind: 'command', command: { kind: 'argv', argv: ['op', 'read', 'op://x/${ORCH_SERVICE}'] } },
  ],
  [
    '{ command: "pass show $X | head -1", timeout: 1m }',
    { kind: 'command', command: { kind: 'shell', line: 'pass show $X | head -1' }, timeoutMs: 60_000 },
  ],
  ['{ file: s.yaml, with: sops, key: a.b }', { kind: 'sops', file: '/project/s.yaml', key: 'a.b' }],
  ['{ file: s.yaml, with: sops }', { kind: 'sops', file: '/project/s.yaml', key: null }],
  [
    '{ file: s.age, with: age, identity: /run/age-key }',
    { kind: 'age', file: '/project/s.age', identity: '/run/age-key' },
  ],
])('%s', async (written, secret) => {
  expect(await sourceOf(written)).toEqual({ secret });
});

test('a shell command is not expanded, in the env of a service, of the project and of defaults', async () => {
  const secret = "{ secret: { command: 'echo $HOME $$ ${X:-y}' } }";
  const files = [
    `env: { A: ${secret} }\nservices: { api: { command: a } }`,
    `defaults: { env: { A: ${secret} } }\nservices: { api: { command: a } }`,
    `services: { api: { command: a, env: { A: ${secret} } } }`,
  ];
  for (const text of files) {
    const loaded = await load(text);
    expect(loaded.ok && loaded.accepted.warnings).toEqual([]);
    expect((await acceptService(text)).env.A).toMatchObject({ secret: { command: { line: 'echo $HOME $$ ${X:-y}' } } });
  }
});

test('another source needs new processes, another time limit does not', async () => {
  const [before, slower, other] = await Promise.all(
    ['{ command: [op] }', '{ command: [op], timeout: 2m }', '{ command: [op, x] }'].map((one) =>
      acceptService(service(one)),
    ),
  );
  expect(slower!.specHash).toBe(before!.specHash);
  expect(other!.specHash).not.toBe(before!.specHash);
  expect(diffServices(before!, slower!)).toEqual([
    { key: 'env.A.secret.timeout', class: 'live', from: null, to: '2m' },
  ]);
  expect(diffServices(before!, other!)).toEqual([
    {
      key: 'env.A',
      class: 'restart',
      from: '{ secret: { command: ["op"] } }',
      to: '{ secret: { command: ["op", "x"] } }',
    },
  ]);
  expect((await acceptService(service('./f'))).specHash).toBe((await acceptService(service('{ file: f }'))).specHash);
});

test.each([
  ['{ env: B }', '{ secret: { env: B } }'],
  ['{ command: "pass x" }', '{ secret: { command: pass x } }'],
  ['{ file: s, with: sops, key: k }', '{ secret: { file: /project/s, with: sops, key: k } }'],
  ['{ file: s, with: age, identity: i }', '{ secret: { file: /project/s, with: age, identity: /project/i } }'],
])('a plan shows %s as %s', async (written, shown) => {
  const keys = diffServices(null, await acceptService(service(written)));
  expect(keys.find(({ key }) => key === 'env.A')?.to).toBe(shown);
});

test('what `config` prints is read as the same', async () => {
  const text = `env: { S: { secret: { env: S } } }
services:
  api:
    command: a
    port: 80
    env:
      A: { secret: { command: [op, "${'$'}{PORT}"], timeout: 5s } }
      B: { secret: { command: "x | y" } }
      C: { secret: { file: f, with: sops, key: a.b } }
      D: { secret: { file: f, with: age, identity: i } }
`;
  const { built } = await loadWithTree(text);
  const again = printYaml(effectiveTree(built!, { defaults: false }), null);
  expect((await accept(again)).services).toEqual((await accept(text)).services);
});

test('an included file with `as: relative` names its own files; overlays merge the keys of a source', async () => {
  const files = {
    'procs.yaml': 'include: [{ path: shop/procs.yaml, as: relative }]\nservices: {}\n',
    'shop/procs.yaml': service('{ file: s.enc, with: age, identity: ../key }'),
    'procs.dev.yaml': 'services: { api: { env: { A: { secret: { identity: /dev-key } } } } }\n',
    'procs.prod.yaml':
      'services: { api: { env: { A: { secret: { file: null, with: null, identity: null, env: A } } } } }\n',
  };
  const source = async (env: string | null) => (await accept(files, { env })).services[0]!.env.A;
  expect(await source(null)).toEqual({
    secret: { kind: 'age', file: '/project/shop/s.enc', identity: '/project/key' },
  });
  expect(await source('dev')).toMatchObject({ secret: { file: '/project/shop/s.enc', identity: '/dev-key' } });
  expect(await source('prod')).toEqual({ secret: { kind: 'variable', name: 'A' } });
});

test('`${api.port}` within a source is a use of that port', async () => {
  const text = `services:\n  api: { command: a, port: auto }\n  web: { command: b, env: { A: { secret: { command: [x, "\${api.port}"] } } } }\n`;
  expect((await accept(text)).services.find(({ name }) => name === 'web')!.usesPorts).toEqual(['api.port']);
});
