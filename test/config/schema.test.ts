// The schema is the only source: generated files match it, it matches the code, and its examples are valid.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv';
import { describe, expect, test } from 'vitest';
import { generate } from '../../scripts/compile-schema.mjs';
import { snippetValue } from '../../scripts/schema/snippets.mjs';
import { SERVICE_KEY_CLASSES, SPEC_FIELDS } from '../../src/config/schema/change-classes.ts';
import {
  DEFAULT_LOG_QUEUE,
  DEFAULT_POOL,
  DEFAULT_QUEUE,
  DEFAULT_RESTART,
  DEFAULT_STOP,
} from '../../src/config/schema/defaults.ts';
import type { ProcsFile } from '../../src/config/schema-generated/authoring.ts';
import { load } from './loading.ts';

type Node = { [key: string]: unknown } & {
  properties?: Record<string, Node>;
  anyOf?: Node[];
  $ref?: string;
  default?: unknown;
  examples?: unknown[];
  /** What editors insert. */
  defaultSnippets?: { label: string; body: unknown }[];
};
const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(fileURLToPath(new URL(path, root)), 'utf8');
const schema = JSON.parse(read('schema/procs.schema.json')) as Node & { definitions: Record<string, Node> };
const service = schema.definitions.service!.properties!;
const queue = schema.definitions.log_queue!.properties!;

test('generated files match; otherwise run `node scripts/compile-schema.mjs`', async () => {
  for (const [path, text] of Object.entries(await generate())) {
    // The formatter has the last word on JSON.
    const [made, kept] = path.endsWith('.json') ? [JSON.parse(text), JSON.parse(read(path))] : [text, read(path)];
    expect(kept, path).toEqual(made);
  }
});

test('every key has a description and an expected form', () => {
  const missing: string[] = [];
  const walk = (node: Node, path: string): void => {
    for (const [key, value] of Object.entries(node.properties ?? {})) {
      const whole = {
        ...(value.$ref ? schema.definitions[value.$ref.replace('#/definitions/', '')] : {}),
        ...value,
      } as Node;
      if (!value.description && !whole.description) missing.push(`${path}.${key}: description`);
      if (!whole['x-expected']) missing.push(`${path}.${key}: x-expected`);
      walk(value, `${path}.${key}`);
      for (const branch of value.anyOf ?? []) walk(branch, `${path}.${key}`);
    }
  };
  walk(schema, '');
  for (const [name, node] of Object.entries(schema.definitions)) walk(node, name);
  expect(missing).toEqual([]);
});

test('defaults in the schema are those of the code', () => {
  expect(service.pool!.default).toBe(DEFAULT_POOL);
  expect(service.log_queue!.default).toBe(DEFAULT_QUEUE);
  expect(service.restart!.default).toBe(DEFAULT_RESTART.policy);
  const backoff = service.restart!.anyOf![1]!.properties!.backoff!.anyOf![1]!.properties!;
  expect([backoff.initial!.default, backoff.max!.default, backoff.factor!.default]).toEqual([
    DEFAULT_RESTART.initial,
    DEFAULT_RESTART.max,
    DEFAULT_RESTART.factor,
  ]);
  const stop = service.stop!.properties!;
  expect([stop.signal!.default, stop.grace!.default]).toEqual([DEFAULT_STOP.signal, DEFAULT_STOP.grace]);
  const rotate = queue.rotate!.properties!;
  expect([queue.format!.default, queue.capacity!.default, queue.overflow!.default]).toEqual([
    DEFAULT_LOG_QUEUE.format,
    DEFAULT_LOG_QUEUE.capacity,
    DEFAULT_LOG_QUEUE.overflow,
  ]);
  expect([rotate.size!.default, rotate.keep!.default, rotate.compress!.default]).toEqual([
    DEFAULT_LOG_QUEUE.rotate.size,
    DEFAULT_LOG_QUEUE.rotate.keep,
    DEFAULT_LOG_QUEUE.rotate.compress,
  ]);
});

test('every key of a service has a class of change, and nothing else has', () => {
  expect(Object.keys(SERVICE_KEY_CLASSES).sort()).toEqual(Object.keys(service).sort());
  for (const { key, class: ofField } of Object.values(SPEC_FIELDS))
    expect([key, SERVICE_KEY_CLASSES[key]]).toEqual([key, ofField]);
});

describe('examples', () => {
  const ajv = new Ajv({ strict: false }).addKeyword('x-expected').addSchema(schema, 'procs');
  const examples = (properties: Record<string, Node>, path: string) =>
    Object.entries(properties).flatMap(([key, { examples: list = [], defaultSnippets: snippets = [] }]) =>
      [...list, ...snippets.map(({ body }) => snippetValue(body))].map(
        (example) => [`${path}/properties/${key}`, example] as const,
      ),
    );
  const all = [
    ...examples(schema.properties!, 'procs#'),
    ...examples(service, 'procs#/definitions/service'),
    ...examples(queue, 'procs#/definitions/log_queue'),
  ];

  test.for(all)('%s: %o', ([path, example]) => {
    const check = ajv.compile({ $ref: path });
    expect([check(example), check.errors]).toEqual([true, null]);
  });

  test('of the file itself load', async () => {
    const text = JSON.stringify({
      services: schema.properties!.services!.examples![0],
      defaults: schema.properties!.defaults!.examples![0],
    });
    expect((await load(text)).ok).toBe(true);
  });
});

test('the schema for overlays lets null take any key away', () => {
  const overlay = JSON.parse(read('schema/procs.overlay.schema.json')) as object;
  const check = new Ajv({ strict: false }).addKeyword('x-expected').compile(overlay);
  for (const document of [
    {},
    { services: { api: null, db: { port: null, env: { A: null }, stop: { grace: null } } } },
    { env: null },
  ]) {
    expect([check(document), check.errors]).toEqual([true, null]);
  }
  expect(check({ services: { api: { pol: null } } })).toBe(false);
  expect(check({ services: { api: { pool: 'x' } } })).toBe(false);
});

test('the types for authors say the same as the schema', async () => {
  const file = {
    name: 'shop',
    'x-anything': 1,
    log_queues: { main: { path: 'a.log', rotate: { size: '1MiB', compress: 'none' } } },
    defaults: { restart: 'on_failure' },
    services: {
      api: {
        command: ['node', 'a.js'],
        pool: { size: 2 },
        depends_on: { db: 'started' },
        restart: { policy: 'always', backoff: { initial: '1s' } },
        env: { A: null },
        'x-note': [],
      },
      db: { command: 'postgres', singleton: true, stop: { signal: 'SIGINT' } },
      gone: null,
    },
  } satisfies ProcsFile;
  expect((await load(JSON.stringify(file))).ok).toBe(true);
  // @ts-expect-error a key that is none
  const typo = { services: { api: { comand: 'x' } } } satisfies ProcsFile;
  // @ts-expect-error a number where a duration belongs
  const unit = { services: { api: { stop: { grace: 10 } } } } satisfies ProcsFile;
  for (const wrong of [typo, unit]) expect((await load(JSON.stringify(wrong))).ok).toBe(false);
});
