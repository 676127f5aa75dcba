// Turns of the kernel: none is taken any more once they are frozen.
import { expect, test } from 'vitest';
import { systemClock } from '../../src/os/clock.ts';
import { KernelLoop } from '../../src/supervisor/kernel/kernel-loop.ts';

test('a freeze before the first turn leaves none', () => {
  const seen: string[] = [];
  const turns = new KernelLoop({
    clock: systemClock(),
    step: () => seen.push('turn'),
    poll: () => {
      seen.push('look');
      return 60_000;
    },
  });
  turns.freeze();
  turns.begin();
  turns.stopPolling();
  expect(seen).toEqual([]);
});
