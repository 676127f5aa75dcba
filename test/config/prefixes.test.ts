// A save that is cut off at any byte is a valid configuration, or a problem with a place. Nothing throws.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LoadResult } from '../../src/core/load-result.ts';
import { load } from './loading.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const files = [
  'procs.yaml',
  ...readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' }).map((name) => `examples/${name}`),
];
const written = files
  .filter((name) => name.endsWith('procs.yaml'))
  .map((name) => [name, readFileSync(join(root, name), 'utf8')] as const);
const dense = `name: x
env: { TZ: 'UTC', B: "a\\tb" }
x-base: &base
  command: [node, "a b", 'c']
  env: { A: &v "1" }
log_queues:
  main:
    path: logs/main.log
    rotate: { size: 64MiB, keep: 5 }
services:
  api:
    <<: *base
    pool: { size: 4 }
    port: 8000
    depends_on: { db: ready }
    command: >-
      folded
      text
  db:
    command:
    - node
    - db.js
    env: { A: *v, U: "\${PORT:-1}" }
    restart:
      backoff: { initial: 1s }
`;

test.for([...written, ['a dense one', dense] as const])('every prefix of %s', { timeout: 60_000 }, async ([, text]) => {
  expect((await load(text)).ok).toBe(true);
  const ends = text.length > 1500 ? everyThird(text.length) : Array.from({ length: text.length }, (_, end) => end);
  for (const end of ends) expectSense(await load(text.slice(0, end)), text.slice(0, end));
});

test('a prefix of a file only loses a service silently at the end of a line', { timeout: 60_000 }, async () => {
  for (let end = 0; end < dense.length; end++) {
    const result = await load(dense.slice(0, end));
    if (!result.ok) continue;
    // An accepted prefix ends after a whole value: never within the name or before the value of a key.
    expect(dense.slice(0, end)).not.toMatch(/[\w-]+:\s*$/);
  }
});

test('any mutation of a file', { timeout: 60_000 }, async () => {
  const bits = [
    '\t',
    '{',
    '}',
    '[',
    ']',
    ':',
    ' ',
    '\n',
    '- ',
    '"',
    "'",
    '&a ',
    '*a',
    '<<: ',
    '|',
    '>',
    '#',
    '!',
    '%',
    '---\n',
    '\u00a0',
    '\0',
    '$',
    '${',
    'null',
    '\r',
    '? ',
    '\ud800',
    '__proto__: 1',
  ];
  const mutation = fc.record({ at: fc.nat(dense.length), cut: fc.nat(12), put: fc.constantFrom(...bits) });
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
      const text = mutations.reduce(
        (before, { at, cut, put }) => before.slice(0, at) + put + before.slice(at + cut),
        dense,
      );
      expectSense(await load(text), text);
    }),
    { numRuns: 400 },
  );
});

function everyThird(length: number): number[] {
  return Array.from({ length: Math.ceil(length / 3) }, (_, index) => index * 3);
}

function expectSense(result: LoadResult, text: string): void {
  if (result.ok) return;
  expect(result.problems.length).toBeGreaterThan(0);
  expect(result.problems[0]!.severity).toBe('error');
  const lines = text.split('\n').length;
  for (const { line, column, message, hint, code } of result.problems) {
    if (code !== 'not-utf-8') expect(line).not.toBeNull();
    if (line !== null) expect(line).toBeLessThanOrEqual(lines);
    if (column !== null) expect(column).toBeGreaterThan(0);
    // Nothing reaches a terminal that was not meant for it, and no code of ours shows.
    expect(`${message}${hint}`).not.toMatch(/[\u0000-\u001f]|undefined is|Cannot read|\[object/);
  }
}
