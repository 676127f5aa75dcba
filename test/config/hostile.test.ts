// Files that mean harm: refused in bounded time and memory, before or by the parser; nothing leaks into prototypes.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { formatProblems } from '../../src/config/problem/format-problems.ts';
import { SourceFile } from '../../src/config/problem/source-file.ts';
import { parseYaml } from '../../src/config/yaml/parse-yaml.ts';
import { load, refuse } from './loading.ts';

const megabyte = 1_000_000;
const keys = (count: number) => Array.from({ length: count }, (_, index) => `k${index}: 1`);

test.for([
  ['brackets', `a: ${'['.repeat(20_000)}`],
  ['braces', `a: ${'{a: '.repeat(20_000)}`],
  ['dashes', `${'- '.repeat(20_000)}x`],
  ['question marks', `${'? '.repeat(20_000)}x`],
  ['indentation', Array.from({ length: 1300 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ['brackets after an apparent open quote', `x: foo\n  'tis\ny: ${'['.repeat(20_000)}`],
  ['brackets after a block of text', `a:\n  - b: |\n      x\n    c: ${'['.repeat(20_000)}`],
] as const)('too deep: %s', async ([, text]) => {
  expect((await refuse(text))[0]).toMatch(/^too-deep:/);
});

test('brackets in text do not count as depth', async () => {
  const art = Array.from({ length: 100 }, (_, depth) => `${' '.repeat(depth + 2)}[{`).join('\n');
  const text = `x-a: |\n${art}\nx-b: "${'['.repeat(100)}"\nx-c: '${'{'.repeat(100)}'\n# ${'['.repeat(100)}\nx-d: it's ${'['.repeat(9)} # "[[[[\nservices: {}\n`;
  expect((await load(text)).ok).toBe(true);
});

test.for([
  ['lines', keys(100_000).join('\n')],
  ['entries', `{${keys(90_000).join(', ')}}`],
  ['blank lines', '\n'.repeat(megabyte)],
  ['comments', '#\n'.repeat(megabyte / 2)],
  ['documents', '---\n'.repeat(megabyte / 4)],
] as const)('too many %s are refused without parsing', async ([, text]) => {
  const startedMs = performance.now();
  expect((await refuse(text))[0]).toMatch(/^too-many-values:1/);
  expect(performance.now() - startedMs).toBeLessThan(2000);
});

test.for([
  ['one endless line', `a: ${'x'.repeat(megabyte)}`],
  ['an endless key', `{${'a'.repeat(megabyte)}`],
  ['anchors', '&a '.repeat(50_000)],
  ['quotes', '"a" '.repeat(50_000)],
  ['colons', ': '.repeat(50_000)],
  ['braces in one line', `a: [${'{a: '.repeat(60)}${'[x], {a: '.repeat(45_000)}`],
  ['keys in one line', `services: { ${'a: {'.repeat(10)}${'token: x, '.repeat(40_000)}`],
  [
    'assignments in a wrong value',
    `services: { a: { command: x, port: "${'a:'.repeat(megabyte / 2)}", log_queue: "${'a='.repeat(megabyte / 2)}" } }`,
  ],
  ['lines below a secret', `services: { a: { command: x } }\nTOKEN: |\n${'x\n'.repeat(40_000)}`],
  ['dollars', `services: { a: { command: ["${'$'.repeat(megabyte / 2)}"] } }`],
  ['open variables', `services: { a: { command: ["${'${a:-'.repeat(megabyte / 20)}"] } }`],
] as const)('%s', { timeout: 20_000 }, async ([, text]) => {
  await load(text);
});

test('an alias bomb is measured, not built', async () => {
  const levels = Array.from(
    { length: 24 },
    (_, level) => `x-${level}: &l${level} [${level === 0 ? 'x, x' : `*l${level - 1}, *l${level - 1}`}]`,
  );
  const before = process.memoryUsage().heapUsed;
  expect(await refuse(`${levels.join('\n')}\nservices: { a: { command: *l23 } }`)).toEqual(['too-many-values:1']);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 2 ** 20);
});

test('a long chain of aliases is too deep', async () => {
  const links = Array.from(
    { length: 5000 },
    (_, level) => `x-${level}: &l${level} [${level === 0 ? 'x' : `*l${level - 1}`}]`,
  );
  expect(await refuse(`${links.join('\n')}\nservices: { a: { command: *l4999 } }`)).toEqual(['too-deep:1']);
});

test('a thousand services may share a base', async () => {
  const services = Array.from({ length: 1000 }, (_, index) => `  s${index}: *base`).join('\n');
  expect((await load(`x-base: &base { command: [a, b], env: { A: x, B: y } }\nservices:\n${services}\n`)).ok).toBe(
    true,
  );
});

describe('names that every object has', () => {
  test.for(['__proto__', 'constructor', 'prototype'])('%s is refused as a key', async (name) => {
    for (const text of [
      `${name}: {}\nservices: {}`,
      `services: { ${name}: { command: a } }`,
      `services: { a: { command: a, env: { ${name}: x } } }`,
      `services: { a: { command: a, ${name}: x } }`,
    ]) {
      expect((await refuse(text))[0]).toMatch(/^forbidden-key:/);
    }
  });

  test('others are inert', async () => {
    expect(await refuse('services: { a: { command: a, toString: x } }')).toEqual(['unknown-key:1']);
    expect(await refuse('services: { a: { command: a, depends_on: [valueOf] } }')).toEqual(['unknown-service:1']);
    expect(await refuse('services: { a: { command: "${hasOwnProperty}", env: { A: "${toString}" } } }')).toEqual([
      'undefined-variable:1',
    ]);
    expect((await load('services: { a: { command: a, env: { toString: x, valueOf: y } } }')).ok).toBe(true);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

test('forty scalars in fields of each type: a typed field accepts valid values and reports others', async () => {
  const scalars = [
    'no',
    'on',
    'yes',
    'True',
    '010',
    '0x10',
    '0o7',
    '12:30',
    '1e3',
    '1_000',
    '.5',
    '-1',
    '0',
    '1',
    '+1',
    '-0',
    '9'.repeat(400),
    '.inf',
    '-.inf',
    '.nan',
    '~',
    'null',
    '""',
    "''",
    '2024-01-01',
    '=',
    '<<',
    '1.0',
    '8080',
    'x',
    '[]',
    '{}',
    '"1"',
    '1 ',
    '!!str 1',
    '!!int "1"',
    '0.1.2',
    '1,000',
    '1e400',
    '٣',
  ];
  const fields = ['pool', 'port', 'enabled', 'description', 'cwd', 'log_queue'];
  for (const field of fields) {
    for (const scalar of scalars) {
      const result = await load(`services:\n  a:\n    command: x\n    ${field}: ${scalar}\n`);
      if (result.ok) {
        const { pool, port, enabled } = result.accepted.config.services[0]!;
        expect(Number.isInteger(pool) && pool >= 0 && pool <= 10_000).toBe(true);
        expect(
          port === null || port === 'auto' || (Number.isInteger(port) && Number(port) > 0 && Number(port) < 65_536),
        ).toBe(true);
        expect(typeof enabled).toBe('boolean');
      } else expect(result.problems[0]).toMatchObject({ line: 4, column: expect.any(Number) });
    }
  }
});

test('control sequences of a file never reach the terminal', async () => {
  const nasty = '\u001b]0;title\u0007\u009b31m\u202e';
  const yaml = JSON.stringify(nasty).replaceAll('\u009b', '\\x9b').replaceAll('\u202e', '\\u202e');
  const result = await load(
    `${yaml}: 1\nservices:\n  ${yaml}: { command: x }\n  a: { command: x, ${yaml}: 1, log_queue: ${yaml}, depends_on: [${yaml}] }\nname: ${yaml}\n`,
  );
  expect(result.ok ? '' : formatProblems(result.problems)).not.toMatch(
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/,
  );
  expect((await parseYaml(new SourceFile('a', 'a', `services: ${nasty}`))).problems[0]?.code).toBe('control-character');
});

test('the loader imports neither ajv nor the schema', () => {
  const script = `import { build } from 'esbuild';
    const { metafile } = await build({ entryPoints: ['src/config/child.ts', 'src/plan/diff-services.ts', 'src/config/tree/template.ts'], bundle: true, write: false, metafile: true, platform: 'node', format: 'esm', outdir: 'x', external: ['node:*'] });
    console.log(JSON.stringify(Object.fromEntries(Object.entries(metafile.outputs).map(([name, { inputs, imports }]) => [name, [...Object.keys(inputs), ...imports.map(({ path }) => path)]]))));`;
  const output = JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }),
  ) as Record<string, string[]>;
  expect(output['x/config/child.js']!.filter((name) => /ajv|schema\.json|execa/.test(name))).toEqual([]);
  // The supervisor imports these two: no Node module, no parser.
  for (const name of ['x/plan/diff-services.js', 'x/config/tree/template.js'])
    expect(output[name]!.filter((file) => !file.startsWith('src/'))).toEqual([]);
});
