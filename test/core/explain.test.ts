// Why an instance is in its state, in words.
import { expect, test } from 'vitest';
import { viewDependencies } from '../../src/core/dependencies.ts';
import { explain } from '../../src/core/explain.ts';
import { desire, slotOf, slots, spec } from './fixtures.ts';

test.each([
  [400, '0.4 s'],
  [59_900, '59.9 s'],
  [1_737_300, '28m 57s'],
])('a start in %d ms is shown as %s', (leftMs, text) => {
  const api = spec('api');
  const slot = slotOf(api, 1, {
    failures: 1,
    lastExit: { code: 1 },
    phase: { kind: 'backoff', untilMs: 1000 + leftMs, because: null },
  });
  const desired = desire([api]);
  const { reason } = explain(slot, desired.instances.get(slot.id)!, viewDependencies(desired, slots(slot)), 1000);
  expect(reason).toBe(`Ended with exit code 1; next start in ${text}.`);
});
