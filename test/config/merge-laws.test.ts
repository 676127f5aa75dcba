// Laws of merging files, with `!append` and `!prepend`: the order of the files counts, how they are grouped does not.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SourceFile } from '../../src/config/problem/source-file.ts';
import { mergeTrees, settled, withoutNulls } from '../../src/config/tree/merge.ts';
import type { MapTree, Tree } from '../../src/config/tree/tree.ts';

/** Each layer has its own places, so that a wrong one shows. */
let place = 0;
const source = new SourceFile('', '', '');
const nextPlace = () => ({ source, start: ++place, end: place });

type Key = 'a' | 'b' | 'depends_on';
const key = fc.constantFrom<Key>('a', 'b', 'depends_on');
const items = fc.array(fc.constantFrom('x', 'y', 'z'), { maxLength: 3 });
const scalar = (value: string | number | null): Tree => ({ kind: 'scalar', value, at: nextPlace(), style: 'plain' });
const list = (words: string[], below?: number): Tree => {
  const at = nextPlace();
  return { kind: 'list', items: words.map(scalar), at, ...(below !== undefined && { below }) };
};
const map = (pairs: [string, Tree][]): MapTree => ({
  kind: 'map',
  entries: new Map(pairs.map(([name, value]) => [name, { key: name, keyAt: nextPlace(), value }])),
  at: nextPlace(),
});

const { layer } = fc.letrec<{ layer: MapTree; tree: Tree }>((tie) => ({
  layer: fc.uniqueArray(fc.tuple(key, tie('tree')), { maxLength: 3, selector: ([name]) => name }).map(map),
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, null, 1, 'text').map(scalar),
    items.map((words) => list(words)),
    items.map((words) => list(words, 0)),
    items.map((words) => list(words, words.length)),
    tie('layer'),
  ),
}));

/** Everything that matters, marks and places included; of dependencies neither order nor places. */
function outline(tree: Tree, name = ''): unknown {
  const at = tree.at.start;
  if (name === 'depends_on.x' && tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'scalar') return [tree.value, at];
  if (tree.kind === 'list') {
    const { below, extended } = tree;
    return { at, below, extended: extended?.at.start, items: tree.items.map((item) => outline(item)) };
  }
  const isOrdered = name !== 'depends_on';
  const pairs = [...tree.entries.values()].map((entry) => [
    entry.key,
    outline(entry.value, isOrdered || entry.value.kind !== 'scalar' ? entry.key : 'depends_on.x'),
  ]);
  const after = tree.after && outline(tree.after);
  return { at, replaces: tree.replaces, after, entries: isOrdered ? pairs : Object.fromEntries(pairs) };
}

test('merging is associative: 10,000 runs', { timeout: 60_000 }, () => {
  const law = fc.property(layer, layer, layer, (a, b, c) => {
    const left = mergeTrees(mergeTrees(a, b), c);
    const right = mergeTrees(a, mergeTrees(b, c));
    expect(outline(right)).toEqual(outline(left));
  });
  fc.assert(law, { numRuns: 10_000 });
});

test('however ten files are grouped, the result is the same', { timeout: 60_000 }, () => {
  const files = fc.array(layer, { minLength: 2, maxLength: 10 });
  const law = fc.property(files, fc.array(fc.nat(), { minLength: 9, maxLength: 9 }), (layers, choices) => {
    const parts = [...layers];
    for (const choice of choices.slice(0, layers.length - 1)) {
      const at = choice % (parts.length - 1);
      parts.splice(at, 2, mergeTrees(parts[at]!, parts[at + 1]!));
    }
    expect(outline(parts[0]!)).toEqual(outline(layers.reduce((base, over) => mergeTrees(base, over))));
  });
  fc.assert(law, { numRuns: 2000 });
});

test('an empty file changes nothing, wherever it is', () => {
  const law = fc.property(layer, layer, (a, b) => {
    const whole = plainOf(a, b);
    for (const files of [
      [map([]), a, b],
      [a, map([]), b],
      [a, b, map([])],
    ])
      expect(plainOf(...files)).toEqual(whole);
  });
  fc.assert(law, { numRuns: 2000 });
});

type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };
const plainOf = (...files: MapTree[]): Plain =>
  toPlain(withoutNulls(settled(files.reduce((base, over) => mergeTrees(base, over)))));

function toPlain(tree: Tree): Plain {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(toPlain);
  return Object.fromEntries([...tree.entries.values()].map((entry) => [entry.key, toPlain(entry.value)]));
}

/** The contract in its plainest words: one file after the other onto what is there. Undefined: nothing is there. */
function apply(there: Plain | undefined, tree: Tree): Plain | undefined {
  if (tree.kind === 'scalar') return tree.value === null ? undefined : tree.value;
  if (tree.kind === 'list') {
    const own = tree.items.map(toPlain);
    const { below } = tree;
    if (below === undefined) return own;
    return Array.isArray(there) ? [...own.slice(0, below), ...there, ...own.slice(below)] : own;
  }
  const result: { [key: string]: Plain } = isPlainMap(there) ? { ...there } : {};
  for (const [name, { value }] of tree.entries) {
    const inner = apply(result[name], value);
    if (inner === undefined) delete result[name];
    else result[name] = inner;
  }
  return result;
}
const isPlainMap = (plain: Plain | undefined): plain is { [key: string]: Plain } =>
  typeof plain === 'object' && plain !== null && !Array.isArray(plain);

test('the result is what the files do one after the other', { timeout: 60_000 }, () => {
  // `depends_on` has a rule of its own.
  const withoutDependencies = layer.filter((tree) => !hasDependencies(tree));
  const law = fc.property(fc.array(withoutDependencies, { minLength: 1, maxLength: 5 }), (files) => {
    expect(plainOf(...files)).toEqual(files.reduce<Plain | undefined>(apply, {}));
  });
  fc.assert(law, { numRuns: 5000 });
});

const hasDependencies = (tree: Tree): boolean =>
  tree.kind === 'map' &&
  [...tree.entries.values()].some((entry) => entry.key === 'depends_on' || hasDependencies(entry.value));

describe('depends_on', () => {
  test('however files are grouped, the dependencies are the same', { timeout: 60_000 }, () => {
    const name = fc.constantFrom('x', 'y', 'z');
    const names = fc.uniqueArray(name, { maxLength: 3 });
    const condition = fc.oneof(
      fc.constantFrom('started', 'ready', null).map(scalar),
      fc.constantFrom('on_loss', 'condition').map((key) => map([[key, scalar(1)]])),
    );
    const value: fc.Arbitrary<Tree> = fc.oneof(
      fc.uniqueArray(fc.tuple(name, condition), { maxLength: 3, selector: ([key]) => key }).map(map),
      fc.constant(null).map(scalar),
      names.map((words) => list(words)),
      names.map((words) => list(words, 0)),
      names.map((words) => list(words, words.length)),
    );
    const layers = fc.array(
      value.map((tree) => map([['depends_on', tree]])),
      { minLength: 2, maxLength: 5 },
    );
    const choices = fc.array(fc.nat(), { minLength: 4, maxLength: 4 });
    const law = fc.property(layers, choices, (files, [...ats]) => {
      const parts = [...files];
      while (parts.length > 1) {
        const at = ats.shift()! % (parts.length - 1);
        parts.splice(at, 2, mergeTrees(parts[at]!, parts[at + 1]!));
      }
      expect(plainOf(parts[0]!)).toEqual(plainOf(...files));
    });
    fc.assert(law, { numRuns: 20_000 });
  });

  const of = (...values: Tree[]) => plainOf(...values.map((value) => map([['depends_on', value]])));

  test('a list that extends the map form adds to it', () => {
    const base = () => map([['db', scalar('ready')]]);
    expect(of(base(), list(['cache', 'db'], 0))).toEqual({ depends_on: { db: 'ready', cache: 'started' } });
    expect(of(base(), list(['cache'], 0), map([['db', scalar(null)]]))).toEqual({ depends_on: { cache: 'started' } });
    expect(of(base(), map([['db', scalar(null)]]), list(['db'], 0))).toEqual({ depends_on: { db: 'started' } });
  });

  test('a map still replaces a list, extended or not', () => {
    const over = () => map([['x', scalar('ready')]]);
    expect(of(list(['db']), over())).toEqual({ depends_on: { x: 'ready' } });
    expect(of(list(['db']), list(['cache'], 0), over())).toEqual({ depends_on: { x: 'ready' } });
  });
});
