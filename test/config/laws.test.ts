// Laws that hold for every input: merging, templates, units, suggestions, diffs.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SourceFile } from '../../src/config/problem/source-file.ts';
import { editDistance, suggest } from '../../src/config/problem/suggest.ts';
import { mergeTrees, withoutNulls } from '../../src/config/tree/merge.ts';
import { escapeTemplate, expandPartly, expandTemplate } from '../../src/config/tree/template.ts';
import { type Tree, toPlain } from '../../src/config/tree/tree.ts';
import { parseDurationMs, parseSizeBytes, printExactDuration, printExactSize } from '../../src/units.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
const at = { source: new SourceFile('', '', ''), start: 0, end: 0 };
const key = fc.constantFrom('a', 'b', 'c', 'd');
const value = fc.letrec<{ json: Json; map: { [key: string]: Json } }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.integer(),
    fc.array(fc.integer(), { maxLength: 2 }),
    tie('map'),
  ),
  map: fc.dictionary(key, tie('json'), { noNullPrototype: true }),
}));

function treeOf(json: Json): Tree {
  if (Array.isArray(json)) return { kind: 'list', items: json.map(treeOf), at };
  if (json === null || typeof json !== 'object') return { kind: 'scalar', value: json, at, style: 'plain' };
  const entries = Object.entries(json).map(
    ([name, inner]) => [name, { key: name, keyAt: at, value: treeOf(inner) }] as const,
  );
  return { kind: 'map', entries: new Map(entries), at };
}

const isMap = (json: Json): json is { [key: string]: Json } =>
  json !== null && typeof json === 'object' && !Array.isArray(json);
const merged = (...maps: Json[]): Json =>
  toPlain(withoutNulls(maps.map(treeOf).reduce((base, over) => mergeTrees(base, over)))) as Json;

/** The contract in its plainest words, to compare with. */
function oracle(base: Json, over: Json): Json {
  if (!isMap(base) || !isMap(over)) return over;
  const result: { [key: string]: Json } = { ...base };
  for (const [name, inner] of Object.entries(over)) {
    if (inner === null) delete result[name];
    else result[name] = name in base ? oracle(base[name]!, inner) : oracle({}, inner);
  }
  return result;
}
const stripped = (json: Json): Json => (isMap(json) ? oracle({}, json) : json);

describe('merging', () => {
  const map = value.map;

  test('maps merge by key, scalars and lists replace, null removes', () => {
    const law = fc.property(map, map, (base, over) => {
      expect(merged(base, over)).toEqual(stripped(oracle(stripped(base), over)));
    });
    fc.assert(law);
  });

  test('an empty overlay changes nothing; the same again changes nothing', () => {
    const law = fc.property(map, map, (base, over) => {
      expect(merged(base, {})).toEqual(merged(base));
      expect(merged(base, base)).toEqual(merged(base));
      expect(merged(base, over, over)).toEqual(merged(base, over));
    });
    fc.assert(law);
  });

  test('the last value wins', () => {
    const law = fc.property(map, map, (base, over) => {
      const result = merged(base, over) as Record<string, Json>;
      for (const [name, inner] of Object.entries(over))
        if (!isMap(inner)) expect(result[name]).toEqual(inner ?? undefined);
    });
    fc.assert(law);
  });

  test('keys keep the order in which they came first', () => {
    const plain = fc.dictionary(key, fc.integer(), { noNullPrototype: true });
    const law = fc.property(plain, plain, (base, over) => {
      expect(Object.keys(merged(base, over) as object)).toEqual([
        ...new Set([...Object.keys(base), ...Object.keys(over)]),
      ]);
    });
    fc.assert(law);
  });
});

describe('templates', () => {
  const text = fc.string({
    unit: fc.constantFrom('$', '{', '}', ':', '-', '?', 'A', 'b', '1', ' ', 'é'),
    maxLength: 20,
  });

  test('never throw, and return literal text unchanged', () => {
    const law = fc.property(text, (any) => {
      expandTemplate(any, { A: '1' });
      expect(expandTemplate(escapeTemplate(any), {})).toEqual({ ok: true, text: any });
    });
    fc.assert(law);
  });

  test('expanding at load and then for the instance is expanding at once', () => {
    const vars: Record<string, string> = { A: 'a$A', b: '${A}', Ab: '' };
    fc.assert(
      fc.property(text, (any) => {
        const partly = expandPartly(
          any,
          (name) => vars[name],
          (name) => name === 'A',
        );
        const whole = expandTemplate(any, vars);
        const late = partly.ok ? expandTemplate(partly.text, vars) : partly;
        expect(late.ok).toBe(whole.ok);
        if (late.ok && whole.ok) expect(late.text).toBe(whole.text);
      }),
      { numRuns: 2000 },
    );
  });

  test('a second expansion changes nothing', () => {
    fc.assert(
      fc.property(text, (any) => {
        const once = expandPartly(
          any,
          () => 'x$y',
          (name) => name === 'A',
        );
        if (once.ok)
          expect(
            expandPartly(
              once.text,
              () => 'other',
              (name) => name === 'A',
            ),
          ).toEqual(once);
      }),
    );
  });

  test.for([
    ['${A}', 'one'],
    ['${A:-x}', 'one'],
    ['${EMPTY}', ''],
    ['${EMPTY:-x}', 'x'],
    ['${NONE:-}', ''],
    ['${NONE:-${A}}', 'one'],
    ['${NONE:-a:b-c}', 'a:b-c'],
    ['${A:?why}', 'one'],
    ['$$', '$'],
    ['$${A}', '${A}'],
    ['$$$${A}', '$${A}'],
    ['$A $ 5$', '$A $ 5$'],
    ['{}', '{}'],
  ])('%s is %s', ([template, expected]) => {
    expect(expandTemplate(template!, { A: 'one', EMPTY: '' })).toEqual({ ok: true, text: expected });
  });

  test.for([
    '${',
    '${}',
    '${A',
    '${1}',
    '${A:}',
    '${A:=x}',
    '${A-x}',
    '${A b}',
    '${A:-${B}',
    '${NONE}',
    '${NONE:?}',
    '${EMPTY:?}',
    '${toString}',
  ])('%s is refused', (template) => {
    expect(expandTemplate(template, { A: 'one', EMPTY: '' }).ok).toBe(false);
  });
});

describe('quantities', () => {
  test('a printed value is read back', () => {
    const law = fc.property(fc.nat(), (number) => {
      expect(parseDurationMs(printExactDuration(number))).toBe(number);
      expect(parseSizeBytes(printExactSize(number))).toBe(number);
    });
    fc.assert(law);
  });

  test.for([
    ['250ms', 250],
    ['10s', 10_000],
    ['1.5m', 90_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    ['0s', 0],
    ['10', null],
    ['-1s', null],
    ['1 s', null],
    ['1e3s', null],
    ['', null],
    ['1w', null],
  ] as const)('%s lasts %s', ([text, ms]) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  test.for([
    ['4KiB', 4096],
    ['64MiB', 67_108_864],
    ['1GiB', 2 ** 30],
    ['10MB', 10_000_000],
    ['1kB', 1000],
    ['0B', 0],
    ['4K', null],
    ['4', null],
    ['4kib', null],
  ] as const)('%s is %s bytes', ([text, bytes]) => {
    expect(parseSizeBytes(text)).toBe(bytes);
  });
});

describe('suggestions', () => {
  test('the distance is one', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
    const law = fc.property(word, word, (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b) === 0).toBe(a === b);
    });
    fc.assert(law);
  });

  test('one typo in a key is understood in at least 95 of 100 cases', async () => {
    const { SERVICE_KEY_CLASSES } = await import('../../src/config/schema/change-classes.ts');
    const keys = Object.keys(SERVICE_KEY_CLASSES);
    const typos = keys.flatMap((word) =>
      [...word].flatMap((_, index) => [
        [word, word.slice(0, index) + word.slice(index + 1)],
        [word, `${word.slice(0, index)}x${word.slice(index)}`],
        [word, `${word.slice(0, index)}${word[index + 1] ?? ''}${word[index]}${word.slice(index + 2)}`],
      ]),
    );
    const wrong = typos.filter(([word, typo]) => !keys.includes(typo!) && suggest(typo!, keys) !== word);
    expect(wrong.length / typos.length).toBeLessThan(0.05);
  });
});
