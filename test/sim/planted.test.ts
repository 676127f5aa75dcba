// The planted bugs can still be planted. That the simulation finds each of them is shown by `npm run sim:planted`.
import { expect, test } from 'vitest';
import { findDrift, readPlantedBugs } from './planted-bugs.ts';

test.for(readPlantedBugs())('$name', (bug) => {
  expect(bug.what).toMatch(/\w+ \w+/);
  expect(findDrift(bug)).toBeNull();
});

test('there are enough of them', () => {
  expect(readPlantedBugs().length).toBeGreaterThanOrEqual(60);
});
