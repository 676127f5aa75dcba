// The backlog: order, bounds, which instance loses lines, and that every lost line is reported.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Origin } from '../../src/logs/line-format.ts';
import { Backlog, type BacklogEntry } from '../../src/logs/writer/backlog.ts';

const origins: Origin[] = ['a', 'b', 'c'].map((name) => ({ instance: `${name}.1`, service: name, stream: 'o' }));
const entry = (origin: Origin, lines: number, bytes = 1000): BacklogEntry => ({
  origin,
  format: 'text',
  timeMs: 0,
  bytes: Buffer.alloc(bytes),
  lines,
});
const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, number) => total + number, 0);

test('a backlog keeps everything in order under block', () => {
  const backlog = new Backlog();
  const pushed = Array.from({ length: 50 }, (_, index) => entry(origins[index % 3]!, index + 1));
  for (const each of pushed) backlog.push(each, 'block', 100);
  const taken = [...backlog.take(2000), ...backlog.take(Number.POSITIVE_INFINITY)];
  expect(taken).toEqual(pushed);
  expect([backlog.bytes, backlog.isEmpty()]).toEqual([0, true]);
});

test.each([
  ['drop_oldest', [null, 4], [1, 2, 3]],
  ['drop_newest', [1, null], [2, 3, 4]],
] as const)('%s leaves one mark where lines are missing', (policy, shape, gone) => {
  const backlog = new Backlog();
  for (const lines of [1, 2, 3, 4]) backlog.push(entry(origins[0]!, lines), policy, 1500);
  const taken = backlog.take(Number.POSITIVE_INFINITY);
  expect(taken.map(({ bytes, lines }) => (bytes === null ? null : lines))).toEqual(shape);
  expect(taken.find(({ bytes }) => bytes === null)!.lines).toBe(sum(gone));
});

test.each(['drop_oldest', 'drop_newest'] as const)('%s: a flooding producer cannot push out the others', (policy) => {
  const backlog = new Backlog();
  const [flood, quiet] = origins as [Origin, Origin];
  const dropped = new Map<Origin, number>();
  for (let round = 0; round < 500; round += 1) {
    const burst = round % 50 === 0 ? [entry(quiet, 1, 100)] : [];
    for (const each of [...burst, entry(flood, 10)]) {
      for (const [origin, lines] of backlog.push(each, policy, 20_000))
        dropped.set(origin, (dropped.get(origin) ?? 0) + lines);
    }
  }
  expect(dropped.get(quiet)).toBeUndefined();
  expect(dropped.get(flood)).toBeGreaterThan(4000);
});

test('written = kept + reported, in order per stream, within capacity, whatever comes', () => {
  const step = fc.record({
    origin: fc.integer({ min: 0, max: 2 }),
    lines: fc.integer({ min: 1, max: 9 }),
    bytes: fc.integer({ min: 1, max: 3000 }),
    policy: fc.constantFrom('block', 'drop_oldest', 'drop_newest'),
    take: fc.option(fc.integer({ min: 1, max: 4000 })),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const backlog = new Backlog();
      const taken: BacklogEntry[] = [];
      const pushed = new Map<Origin, { lines: number; entries: BacklogEntry[] }>();
      let reported = 0;
      for (const { origin: index, lines, bytes, policy, take } of steps) {
        const each = entry(origins[index]!, lines, bytes);
        const of = pushed.get(each.origin) ?? { lines: 0, entries: [] };
        pushed.set(each.origin, { lines: of.lines + lines, entries: [...of.entries, each] });
        reported += sum(backlog.push(each, policy as 'block', 5000).values());
        if (policy !== 'block') expect(backlog.bytes).toBeLessThanOrEqual(5000 + 3 * 2 * 200 * 60);
        if (take !== null) taken.push(...backlog.take(take));
      }
      taken.push(...backlog.take(Number.POSITIVE_INFINITY));
      expect(backlog.bytes).toBe(0);
      for (const [origin, of] of pushed) {
        const mine = taken.filter((each) => each.origin === origin);
        expect(sum(mine.map(({ lines }) => lines))).toBe(of.lines);
        const kept = mine.filter(({ bytes }) => bytes !== null);
        expect(kept).toEqual(of.entries.filter((each) => kept.includes(each)));
      }
      expect(sum(taken.filter(({ bytes }) => bytes === null).map(({ lines }) => lines))).toBe(reported);
    }),
    { numRuns: 300 },
  );
});
