// What is remembered of the attempts of probes, and for how long.
import { expect, test } from 'vitest';
import type { InstanceId } from '../../src/core/spec.ts';
import { ProbeHistories } from '../../src/supervisor/instances/probe-histories.ts';

const id = (name: string) => name as InstanceId;
const attempt = (durationMs: number, failure: string | null = null) => ({ time: 't', durationMs, failure });

test('the last ten attempts of each probe are kept, with a bounded text', () => {
  const histories = new ProbeHistories();
  for (let count = 1; count <= 25; count++) histories.note(id('a.1'), 'readiness', attempt(count));
  histories.note(id('a.1'), 'startup', attempt(1, 'x'.repeat(10_000)));
  const [startup, readiness, ...others] = histories.of(id('a.1'));
  expect(others).toEqual([]);
  expect(startup).toEqual({ probe: 'startup', attempts: [attempt(1, 'x'.repeat(300))] });
  expect(readiness!.attempts.map(({ durationMs }) => durationMs)).toEqual([16, 17, 18, 19, 20, 21, 22, 23, 24, 25]);
});

test('an instance that is gone is forgotten, others stay', () => {
  const histories = new ProbeHistories();
  for (const name of ['a.1', 'a.2']) histories.note(id(name), 'liveness', attempt(1));
  histories.keepOnly(new Map([[id('a.2'), true]]));
  expect([histories.of(id('a.1')), histories.of(id('a.2')).length]).toEqual([[], 1]);
});
