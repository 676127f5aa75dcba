// A short soak, and what its verdict finds. `npm run soak` runs it for an hour: only then is growth judged.
import { describe, expect, test } from 'vitest';
import { runSoak } from './soak/run-soak.mjs';
import { BOUNDS, faultsOfLines, growthOf } from './soak/verdict.mjs';

test('20 s of kills, edits, floods and clients lose and double nothing', { timeout: 240_000 }, async () => {
  const { violations, counts, samples } = await runSoak({ durationMs: 20_000 });
  expect(violations).toEqual([]);
  expect(counts.instances).toBeGreaterThanOrEqual(100);
  for (const count of [counts.kills, counts.edits, counts.clients]) expect(count).toBeGreaterThan(2);
  for (const taken of Object.values(samples)) expect(taken.length).toBeGreaterThan(10);
});

describe('the verdict', () => {
  const FLAT = { rss: 80, pss: 40, heap: 20, descriptors: 340, handles: 8, timers: 12, watches: 2, threads: 11 };
  const run = (changeAt: (at: number) => Partial<typeof FLAT>) =>
    Array.from({ length: 100 }, (_, at) => ({ ...FLAT, ...changeAt(at / 100) }));

  test('what goes up and down by chance is flat', () => {
    const noisy = run((at) => ({ rss: 80 + 20 * Math.sin(at * 1000), descriptors: 340 + 4 * Math.cos(at * 777) }));
    expect(growthOf('supervisor', noisy)).toEqual([]);
  });

  test.each(Object.keys(FLAT) as (keyof typeof FLAT)[])('a steady growth of %s is found', (key) => {
    const leak = run((at) => ({ [key]: FLAT[key] + 3 * BOUNDS[key]! * at }));
    expect(growthOf('supervisor', leak)).toEqual([expect.stringMatching(`^supervisor: ${key} grows from `)]);
  });

  test('values that a process did not give are left out', () => {
    expect(
      growthOf(
        'log writer',
        run(() => ({})).map((sample) => ({ ...sample, timers: null })),
      ),
    ).toEqual([]);
  });

  const printed = (numbers: number[], last: number | null) =>
    [
      ...numbers.map((number) => `TIME s.1 o s.1 line ${number}`),
      ...(last === null ? [] : [`TIME s.1 o s.1 last ${last}`]),
    ]
      .map((line) => `${line}\n`)
      .join('');

  test('lines that are there once and in order are whole', () => {
    expect(faultsOfLines('s.1', printed([1, 2, 3], 3))).toEqual([]);
    expect(faultsOfLines('s.1', printed([1, 2, 3], 2))).toEqual([]);
  });

  test.each([
    ['a lost line', [1, 3], 3, 's.1: line 3 comes after line 1'],
    ['a doubled line', [1, 2, 2], 2, 's.1: line 2 comes after line 2'],
    ['a lost end', [1, 2], 4, 's.1: 2 lines are stored, it says that there were 4'],
    ['no last line', [1, 2], null, 's.1: 2 lines are stored, it says that there were null'],
  ])('%s is found', (_, numbers, last, fault) => {
    expect(faultsOfLines('s.1', printed(numbers, last))).toEqual([fault]);
  });
});
