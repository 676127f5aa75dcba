// Random faults with real processes: a few fixed seeds. `npm run chaos -- --minutes 30` plays more, `--seed N` one of them again.
import { expect, test } from 'vitest';
import { playRound } from './chaos/rounds.mjs';

const FAULTS = 12;

test.for([1, 14])('the faults of seed %i violate no property', { timeout: 200_000 }, async (seed) => {
  const { violations, story } = await playRound(seed, FAULTS);
  expect(violations, story.join('\n')).toEqual([]);
});
