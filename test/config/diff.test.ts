// What changed between two declarations, with its class and without its secrets; and the hash that follows from it.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { restartPart, SPEC_FIELDS } from '../../src/config/schema/change-classes.ts';
import { canonicalJson, specHash } from '../../src/config/schema/spec-hash.ts';
import type { ServiceSpec } from '../../src/core/spec.ts';
import { diffServices } from '../../src/plan/diff-services.ts';
import { acceptService } from './loading.ts';

const spec = (keys: string, command = '[node, a.js]') =>
  acceptService(
    `services:\n  api: { command: ${command}, ${keys} }\n  db: { command: x }\n  q: { command: x }\nlog_queues: { main: {} }\n`,
  );

const changes: [keys: string, to: string, key: string, from: string | null, now: string | null][] = [
  ['description: a', 'description: b', 'description', 'a', 'b'],
  ['', 'description: b', 'description', null, 'b'],
  ['cwd: a', 'cwd: b', 'cwd', '/project/a', '/project/b'],
  ['env: { A: x }', 'env: { A: y }', 'env.A', 'x', 'y'],
  ['env: { A: x }', 'env: {}', 'env.A', 'x', null],
  ['env: { A_TOKEN: x }', 'env: { A_TOKEN: y }', 'env.A_TOKEN', '***', '*** (changed)'],
  ['env: { U: "http://u:a@h" }', 'env: { U: "http://u:b@h" }', 'env.U', 'http://u:***@h', 'http://u:***@h (changed)'],
  ['env: { A: x }', 'env: { A: { secret: f } }', 'env.A', 'x', '{ secret: /project/f }'],
  [
    'env: { K: { secret: f } }',
    'env: { K: { secret: g } }',
    'env.K',
    '{ secret: /project/f }',
    '{ secret: /project/g }',
  ],
  ['pool: 1', 'pool: { size: 2 }', 'pool', '1', '2'],
  ['', 'port: 80', 'port', null, '80'],
  ['singleton: { key: a }', 'singleton: { key: b }', 'singleton.key', 'a', 'b'],
  ['singleton: { scope: user }', 'singleton: { scope: host }', 'singleton.scope', 'user', 'host'],
  ['', 'log_queue: main', 'log_queue', 'default', 'main'],
  ['depends_on: [db]', 'depends_on: { db: completed }', 'depends_on.db', 'started', 'completed'],
  ['restart: never', 'restart: always', 'restart.policy', 'never', 'always'],
  ['', 'restart: { backoff: { max: 1m } }', 'restart.backoff.max', '30s', '1m'],
  ['stop: { signal: INT }', 'stop: { signal: HUP }', 'stop.signal', 'SIGINT', 'SIGHUP'],
  ['stop: { grace: 90s }', 'stop: { grace: 2m }', 'stop.grace', '90s', '2m'],
  [
    'readiness: { http: { url: "http://h/", headers: { Authorization: a, X-RateMs: x } } }',
    'readiness: { http: { url: "http://h/", headers: { Authorization: b, X-RateMs: x } } }',
    'readiness.http.headers.Authorization',
    '***',
    '*** (changed)',
  ],
  [
    'readiness: { http: { url: "http://h/", headers: { X-RateMs: x } } }',
    'readiness: { http: { url: "http://h/", headers: { X-RateMs: y } } }',
    'readiness.http.headers.X-RateMs',
    'x',
    'y',
  ],
  ['enabled: true', 'enabled: false', 'enabled', 'true', 'false'],
];

test.for(changes)('%s -> %s', async ([before, after, key, from, to]) => {
  const [old, now] = await Promise.all([spec(before), spec(after)]);
  const changed = diffServices(old, now);
  expect(changed).toHaveLength(1);
  expect(changed[0]).toMatchObject({ key, from, to });
  expect(changed[0]!.class).toBe(old.specHash === now.specHash ? 'live' : 'restart');
});

test('commands are printed as they are written', async () => {
  const [old, now] = await Promise.all([spec(''), spec('', '"node a.js | tee b"')]);
  expect(diffServices(old, now)).toEqual([
    { key: 'command', class: 'restart', from: '["node", "a.js"]', to: 'node a.js | tee b' },
  ]);
});

test('a diff lists nothing without a change, a new service, a removed one', async () => {
  const one = await spec('env: { PASSWORD: hunter2 }');
  expect(diffServices(one, structuredClone(one))).toEqual([]);
  expect(diffServices(null, one).every(({ from, to }) => from === null && to !== null)).toBe(true);
  expect(diffServices(one, null).every(({ from, to }) => from !== null && to === null)).toBe(true);
  expect(JSON.stringify(diffServices(null, one))).not.toContain('hunter2');
});

test('the hash covers exactly the keys of class restart', async () => {
  const base = await spec('port: 80, env: { A: x }, depends_on: [db], singleton: { key: k }');
  for (const [field, { class: changeClass }] of Object.entries(SPEC_FIELDS)) {
    const changed = { ...base, [field]: { changed: true } } as unknown as ServiceSpec;
    expect([field, specHash(changed) === base.specHash]).toEqual([field, changeClass === 'live']);
  }
  expect(
    Object.keys(base)
      .filter((key) => key !== 'name' && key !== 'specHash' && key !== 'usesPorts')
      .sort(),
  ).toEqual(Object.keys(SPEC_FIELDS).sort());
  expect(specHash({ ...base, singleton: { ...base.singleton!, onConflict: 'wait' } })).toBe(base.specHash);
  expect(specHash({ ...base, singleton: { ...base.singleton!, scope: 'host' } })).not.toBe(base.specHash);
});

test('the order of keys does not matter, in the file or in memory', async () => {
  const [one, other] = await Promise.all([
    acceptService('services: { api: { command: x, cwd: a, env: { A: "1", B: "2" } } }'),
    acceptService('services: { api: { env: { B: "2", A: "1" }, cwd: a, command: x } }'),
  ]);
  expect(one.specHash).toBe(other.specHash);
  expect(diffServices(one, other)).toEqual([]);
  const shuffled = Object.fromEntries(Object.entries(one).reverse()) as unknown as ServiceSpec;
  expect(specHash(shuffled)).toBe(one.specHash);
  expect(Object.keys(restartPart(shuffled))).toEqual(Object.keys(restartPart(one)));
  expect(canonicalJson({ b: [{ d: 1, c: undefined }], a: null })).toBe('{"a":null,"b":[{"c":null,"d":1}]}');
});

test('a difference is found if and only if the hash or a live key differs', async () => {
  const keys = fc.record({
    pool: fc.integer({ min: 0, max: 3 }),
    port: fc.constantFrom(80, 90),
    cwd: fc.constantFrom('a', 'b'),
  });
  await fc.assert(
    fc.asyncProperty(keys, keys, async (a, b) => {
      const [old, now] = await Promise.all(
        [a, b].map((one) => spec(`pool: ${one.pool}, port: ${one.port}, cwd: ${one.cwd}`)),
      );
      const changed = diffServices(old!, now!);
      expect(changed.some(({ class: changeClass }) => changeClass === 'restart')).toBe(old!.specHash !== now!.specHash);
      expect(changed.some(({ key }) => key === 'pool')).toBe(a.pool !== b.pool);
    }),
    { numRuns: 50 },
  );
});
