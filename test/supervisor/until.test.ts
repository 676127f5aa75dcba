// Waiting for a condition that throws: only the waiting caller gets the error.
import { expect, test } from 'vitest';
import { until } from '../../src/supervisor/api/wait-until.ts';

/** The call after the first `after` ones throws. */
function breaking(after: number): () => boolean {
  let calls = 0;
  return () => {
    if (calls++ >= after) throw new Error('a condition that cannot be judged');
    return false;
  };
}

test.each([
  ['after a step', null],
  ['when the time is over', 20],
] as const)('a condition that throws %s', async (_when, timeoutMs) => {
  let subscriptions = 0;
  const onStep = (listener: () => void) => {
    subscriptions++;
    if (timeoutMs === null) setImmediate(listener);
    return () => subscriptions--;
  };
  const waiting = until({ onStep }, breaking(1), new AbortController().signal, timeoutMs);
  await expect(waiting).rejects.toThrow('a condition that cannot be judged');
  expect(subscriptions).toBe(0);
});
