// The loop of the kernel: a frozen loop takes no step.
import { expect, test } from 'vitest';
import { systemClock } from '../../src/os/clock.ts';
import { KernelLoop } from '../../src/supervisor/kernel/kernel-loop.ts';

test('a loop frozen before its first step takes none', () => {
  const calls: string[] = [];
  const loop = new KernelLoop({
    clock: systemClock(),
    step: () => calls.push('step'),
    poll: () => {
      calls.push('poll');
      return 60_000;
    },
  });
  loop.freeze();
  loop.begin();
  loop.stopPolling();
  expect(calls).toEqual([]);
});
