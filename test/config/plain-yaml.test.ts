// The fast reader against the full library: where the fast reader does not give up, both read the same, places included.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SourceFile } from '../../src/config/problem/source-file.ts';
import type { Tree } from '../../src/config/tree/tree.ts';
import { readFastYaml } from '../../src/config/yaml/fast-yaml.ts';
import { parseWithLibrary } from '../../src/config/yaml/library-yaml.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const texts = ['test/fixtures/bad', 'examples', '.'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: folder !== '.', encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name))
    .flatMap((name) => {
      try {
        return [readFileSync(join(root, folder, name), 'utf8')];
      } catch {
        return []; // a directory of that name, on purpose
      }
    }),
);

test('on every file of the project', () => {
  const read = texts.filter(compare);
  expect(read.length).toBeGreaterThan(texts.length / 2);
});

test('the examples are read by it', () => {
  const examples = readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /procs.*\.yaml$/.test(name),
  );
  const slow = examples.filter(
    (name) => !readFastYaml(new SourceFile(name, name, readFileSync(join(root, 'examples', name), 'utf8'))),
  );
  expect(slow).toEqual([]);
});

const words = [
  'a',
  'b',
  'x-a',
  'key',
  '"q"',
  "'s'",
  "'it''s'",
  '"a b"',
  '1',
  '-1',
  '01',
  '+2',
  '1.5',
  '1e3',
  '0x1',
  '.5',
  '.inf',
  '~',
  'null',
  'true',
  'False',
  'yes',
  '-x',
  '--flag',
  '-',
  '?',
  ':',
  'a:b',
  'a: b',
  'a:',
  'http://h:1/x',
  '#c',
  'a#b',
  'a #c',
  '[',
  ']',
  '{',
  '}',
  '[]',
  '{}',
  '[a, b]',
  '{ a: 1 }',
  '{a: 1}',
  '[a: b]',
  '{"a":1}',
  '{ a }',
  '[a,]',
  ', ',
  '&a',
  '*a',
  '!t',
  '!append',
  '!prepend [a, b]',
  '!append []',
  '!append { a: 1 }',
  '|',
  '>',
  '%',
  '@',
  '`',
  '<<',
  '=',
  '$' + '{A}',
  '12:30',
  '2024-01-01',
  '---',
  '...',
  '\\',
  '"\\n"',
  'é',
  '日本',
  '\u2028',
  '\t',
  '\r',
  '🙂',
  '!',
  '(x)',
  '/usr',
  './a',
  '../b',
];
const token = fc.constantFrom(...words);

test('on random lines', { timeout: 60_000 }, () => {
  const indent = fc.constantFrom('', '  ', '    ', ' ', '- ', '  - ', '    - ', '- - ');
  const key = fc.constantFrom('a: ', 'b: ', 'c:', 'd:   ', '"e": ', 'a:', 'f : ', '', '1: ', 'null: ', '? ');
  const line = fc
    .tuple(indent, key, fc.array(token, { maxLength: 3 }), fc.constantFrom('', ' # note', ' ', '#', '\r'))
    .map(([before, name, parts, after]) => `${before}${name}${parts.join(' ')}${after}`);
  const text = fc.array(line, { minLength: 1, maxLength: 6 }).map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(text, (any) => void compare(any)),
    { numRuns: 5_000 },
  );
});

/** Maps and lists within one another, as lines; indented by what contains them. */
const block = fc.letrec<{ block: string[]; map: string[]; list: string[] }>((tie) => {
  const plain = fc.constantFrom(
    'a',
    'b c',
    '"q r"',
    "'s'",
    '1',
    'true',
    '~',
    '[a, b]',
    '{ a: 1 }',
    '!append [a]',
    '!prepend',
    'a # b',
    'http://h:1/x',
  );
  const value = fc.oneof({ weight: 20, arbitrary: plain }, { weight: 1, arbitrary: token });
  const inline = value.map((text) => [text]);
  const inner = fc.oneof({ maxDepth: 4 }, inline, inline, tie('block'));
  const width = fc.constantFrom('', ' ', '  ', '   ');
  const entry = fc.tuple(inner, width, fc.constantFrom(' ', '  ', ''), fc.constantFrom('', '', '# note', ' '));
  const shift = (lines: string[], by: string) => lines.map((line) => `${by}${line}`);
  return {
    block: fc.oneof(tie('map'), tie('list')),
    map: fc.array(entry, { minLength: 1, maxLength: 4 }).map((entries) =>
      entries.flatMap(([lines, by, gap, note], index) => {
        const key = ['a', 'b', 'x-c', '"d"'][index]!;
        const tag = by === '   ' ? '!append ' : '';
        return lines.length === 1 ? [`${key}:${gap}${lines[0]}`] : [`${key}: ${tag}${note}`, ...shift(lines, by)];
      }),
    ),
    list: fc
      .array(entry, { minLength: 1, maxLength: 3 })
      .map((entries) =>
        entries.flatMap(([lines, by]) => [`- ${lines[0]}`, ...shift(lines.slice(1), by.length > 1 ? '  ' : by)]),
      ),
  };
});

test('on random blocks, of which it reads many', { timeout: 60_000 }, () => {
  let [all, read] = [0, 0];
  const property = fc.property(block.map, fc.constantFrom('\n', '\r\n', '\n\n', '\n# x\n'), (lines, lineBreak) => {
    all++;
    if (compare(lines.join(lineBreak))) read++;
  });
  fc.assert(property, { numRuns: 5_000 });
  expect(read / all).toBeGreaterThan(0.15);
});

test('on random flow collections', { timeout: 60_000 }, () => {
  const { flow } = fc.letrec<{ flow: string }>((tie) => ({
    flow: fc.oneof(
      { maxDepth: 3 },
      token,
      fc.array(tie('flow'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
      fc
        .array(fc.tuple(token, tie('flow')), { maxLength: 3 })
        .map((pairs) => `{ ${pairs.map(([name, value]) => `${name}: ${value}`).join(', ')} }`),
    ),
  }));
  fc.assert(
    fc.property(flow, fc.constantFrom('', ' ', ' # x', ' y'), (value, after) => void compare(`a: ${value}${after}\n`)),
    { numRuns: 5_000 },
  );
});

test('on mutations of typical files', { timeout: 60_000 }, () => {
  const good = texts.filter((text) => readFastYaml(new SourceFile('a', 'a', text)));
  const mutation = fc.record({
    at: fc.nat(),
    cut: fc.nat(6),
    put: fc.oneof(token, fc.constantFrom('\n', ' ', '  ', ': ', '\n  ', '#')),
  });
  const property = fc.property(
    fc.constantFrom(...good),
    fc.array(mutation, { minLength: 1, maxLength: 3 }),
    (text, mutations) => {
      compare(
        mutations.reduce(
          (before, { at, cut, put }) =>
            before.slice(0, at % (before.length + 1)) + put + before.slice((at % (before.length + 1)) + cut),
          text,
        ),
      );
    },
  );
  fc.assert(property, { numRuns: 3_000 });
});

/** @returns whether the fast reader read it. */
function compare(text: string): boolean {
  const source = new SourceFile('a', 'a', text);
  const fast = readFastYaml(source);
  if (!fast) return false;
  const { tree, problems } = parseWithLibrary(source, 'base');
  expect([text, problems]).toEqual([text, []]);
  expect([text, outline(fast)]).toEqual([text, outline(tree!)]);
  return true;
}

/** Everything that matters: values, styles, and places, but for the ends of blocks. */
function outline(tree: Tree): unknown {
  const { start, end } = tree.at;
  if (tree.kind === 'scalar') return [tree.value, tree.style, start, end];
  const isFlow = /[[{]/.test(tree.at.source.text[start]!);
  const span = isFlow ? [start, end] : [start];
  if (tree.kind === 'list') return [span, tree.below, tree.items.map(outline)];
  return [
    span,
    [...tree.entries.values()].map(({ key, keyAt, value }) => [key, keyAt.start, keyAt.end, outline(value)]),
  ];
}
