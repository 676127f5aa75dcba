// Turns of the kernel: none is taken any more once they are frozen.
import { expect, test } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';
import { Turns } from '../../src/supervisor/turns.ts';

test('a freeze before the first turn leaves none', () => {
  const seen: string[] = [];
  const turns = new Turns({
    clock: systemClock(),
    turn: () => seen.push('turn'),
    look: () => {
      seen.push('look');
      return 60_000;
    },
  });
  turns.freeze();
  turns.begin();
  turns.stopLooking();
  expect(seen).toEqual([]);
});
