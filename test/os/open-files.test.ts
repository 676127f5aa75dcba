// Limits of open files: rows of the system's values, and the refusals that follow.
import { expect, test } from 'vitest';
import { parseLimits, whyNofileTooHigh } from '../../src/os/spawn/open-file-limit.ts';

const limitsText = (hard: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units\nMax open files            1024                 ${hard}               files\n`;
const USER = 'Name:\tnode\nCapEff:\t0000000000000000\nCapBnd:\t000001ffffffffff\n';
const ROOT = 'Name:\tnode\nCapEff:\t000001ffffffffff\n';
const CONTAINER_ROOT = 'Name:\tnode\nCapEff:\t00000000a80425fb\n';

test.each<[user: string, nofile: number, hard: string, status: string, refusal: string | null]>([
  ['a user', 4096, '4096', USER, null],
  ['a user', 4097, '4096', USER, 'limits.nofile is 4097, and the hard limit here is 4096'],
  ['a user', 4097, 'unlimited', USER, null],
  ['root', 4097, '4096', ROOT, null],
  ['root', 1048577, '4096', ROOT, 'limits.nofile is 1048577, and the limit of the system (fs.nr_open) is 1048576'],
  ['root of a container', 4097, '4096', CONTAINER_ROOT, 'limits.nofile is 4097, and the hard limit here is 4096'],
])('%s, %i with a hard limit of %s', (_who, nofile, hard, status, refusal) => {
  expect(whyNofileTooHigh(nofile, parseLimits(limitsText(hard), status, '1048576\n'))).toBe(refusal);
});

test('nothing is refused if the limits are unknown', () => {
  expect(whyNofileTooHigh(4097, parseLimits('', '', ''))).toBe(null);
});
