// Lines that belong together are wanted together: read forward, backward, from any place, and in compressed files.
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EntryJudge, forwardFilter, lastEntriesOfReversed } from '../../src/logs/reader/entry-filter.ts';
import { HistoryRead, type LogPlace } from '../../src/logs/reader/log-history.ts';
import type { LogLine } from '../../src/logs/reader/log-line.ts';
import { main, T0 } from './log-directory.ts';

/** `!…` begins a wanted entry, `.…` one that is not; others continue. */
const judge: EntryJudge = ({ line }) => (line.startsWith('!') ? true : line.startsWith('.') ? false : null);
const all = () => true;
const lineOf = (line: string, ms = 0, instance = 'a.1'): LogLine => {
  return { timeMs: T0 + ms, service: 'a', instance, stream: 'o', line };
};
const texts = (lines: readonly LogLine[]) => lines.map(({ line }) => line);

describe('forward', () => {
  const shown = (lines: LogLine[]) => texts(lines.filter(forwardFilter(all, judge)));

  test('a line that continues an entry is wanted as its first line is', () => {
    expect(shown(['x', '!1', 'a', 'b', '.2', 'c', '!3'].map((line) => lineOf(line)))).toEqual(['!1', 'a', 'b', '!3']);
  });

  test('each stream of each instance has entries of its own', () => {
    const other = { ...lineOf('y'), stream: 'e' as const };
    expect(shown([lineOf('!1'), lineOf('.2', 0, 'a.2'), other, lineOf('x'), lineOf('z', 0, 'a.2')])).toEqual([
      '!1',
      'x',
    ]);
  });

  test('a line that comes a second after the first one belongs to none', () => {
    expect(shown([lineOf('!1'), lineOf('a', 1000), lineOf('b', 1001)])).toEqual(['!1', 'a']);
  });

  test('a mark for dropped lines, and an unfinished line, are always wanted', () => {
    const [mark, begun] = [
      { ...lineOf('…'), gap: 3 },
      { ...lineOf('Name: '), unfinished: true as const },
    ];
    expect(shown([lineOf('.1'), mark, begun, lineOf('x')])).toEqual(['…', 'Name: ']);
  });

  test('another filter may leave out the line that began the entry', () => {
    const passes = ({ line }: LogLine) => line === 'b';
    const lines = ['!1', 'a', 'b', '.2', 'b'].map((line) => lineOf(line));
    expect(texts(lines.filter(forwardFilter(passes, judge)))).toEqual(['b']);
  });
});

/** Lines of two instances in random steps of time, and where they are cut into batches. */
const someLines = fc
  .array(
    fc.tuple(
      fc.constantFrom('!', '.', '-', '-', '-'),
      fc.constantFrom('a.1', 'a.2'),
      fc.constantFrom(0, 0, 1, 400, 1001),
    ),
  )
  .map((all) => {
    let ms = 0;
    return all.map(([kind, instance, stepMs], index) => {
      ms += stepMs;
      return lineOf(`${kind}${index}`, ms, instance);
    });
  });

test('backward in batches gives what forward gives', async () => {
  await fc.assert(
    fc.asyncProperty(
      someLines,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 9 }),
      async (lines, size, count) => {
        async function* newestFirst() {
          for (let end = lines.length; end > 0; end -= size) yield lines.slice(Math.max(0, end - size), end);
        }
        const found = await lastEntriesOfReversed(newestFirst(), count, { passes: all, judge, isBeyond: () => false });
        expect(texts(found)).toEqual(texts(lines.filter(forwardFilter(all, judge)).slice(-count)));
      },
    ),
    { numRuns: 300 },
  );
});

describe('in the files of a queue', () => {
  const PER_FILE = 4000;
  const COUNT = 3 * PER_FILE;
  const iso = (ms: number) => new Date(T0 + ms).toISOString();
  const stamp = (ms: number) => iso(ms).replace(/[-:.]/g, '');
  /** Two instances by turns, two lines in each millisecond; entries of seven lines, every other one is wanted. */
  const textOf = (number: number) => {
    const own = Math.floor(number / 2);
    return own % 7 === 0 ? `${own % 14 === 0 ? '!' : '.'}${number}` : `-${number}`;
  };
  const written = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => {
      const number = from + index;
      return `${iso(Math.floor(number / 2))} a.${1 + (number % 2)} o ${textOf(number)}\n`;
    }).join('');
  const expected = Array.from({ length: COUNT }, (_, number) => number)
    .filter((number) => Math.floor(number / 2) % 14 < 7)
    .map(textOf);

  async function read<T>(run: (read: HistoryRead) => Promise<T>): Promise<T> {
    const queues = [{ name: 'main', path: main, format: 'text' as const }];
    const history = new HistoryRead({ queues, instances: null, sinceMs: null }, all, judge);
    return run(history).finally(() => history.close());
  }
  const placeAt = (lines: LogLine[], end: number): LogPlace => {
    const { timeMs } = lines.at(end)!;
    return { timeMs, same: lines.filter((line) => line.timeMs === timeMs).length };
  };

  test.each([13, 500, 20_000])('each line comes once, in steps of %i, older and newer', async (step) => {
    // An entry begins at the start of each file.
    const cuts = [0, 3920, 7840, COUNT] as const;
    writeFileSync(`${main}.${stamp(cuts[1] / 2)}.gz`, gzipSync(written(cuts[0], cuts[1])));
    writeFileSync(`${main}.${stamp(cuts[2] / 2)}`, written(cuts[1], cuts[2]));
    writeFileSync(main, written(cuts[2], cuts[3]));
    let place: LogPlace = { timeMs: T0 + 1e7, same: 0 };
    let lines: LogLine[] = [];
    for (let isAll = false; !isAll; ) {
      const older = await read((history) => history.before(place, step));
      lines = [...older.lines, ...lines];
      ({ isAll } = older);
      if (lines.length > 0) place = placeAt(lines, 0);
    }
    expect(texts(lines)).toEqual(expected);
    lines = [];
    place = { timeMs: 0, same: 0 };
    for (let isAll = false; !isAll; ) {
      const newer = await read((history) => history.from(place, step));
      lines.push(...newer.lines);
      ({ isAll } = newer);
      place = placeAt(lines, -1);
    }
    expect(texts(lines)).toEqual(expected);
  });
});
