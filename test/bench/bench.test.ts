// The benchmarks run and print their table; the figures themselves are for people.
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';

const main = fileURLToPath(new URL('../../bench/main.mjs', import.meta.url));

test('a section prints its rows in one table', async () => {
  const { stdout } = await execa(process.execPath, [main, 'crash', '--quick']);
  expect(stdout).toMatch(/^section +what +median +min\.\.max +reference +ratio +target$/m);
  expect(stdout).toMatch(/^crash +kill -9 → restarted +[\d.]+ ms +[\d.]+\.\.[\d.]+ +≤ 8 ms$/m);
});

test('a row without samples says why there are none', async () => {
  const table = new URL('../../bench/table.mjs', import.meta.url).href;
  const rows = JSON.stringify([{ section: 'tui', what: 'mprocs', samples: [], missing: 'not installed' }]);
  const script = `const { printTable } = await import('${table}'); printTable(${rows})`;
  const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', script]);
  expect(stdout).toMatch(/^tui +mprocs +not installed$/m);
});

test('an unknown section is refused, with the list', async () => {
  const result = await execa(process.execPath, [main, 'strat'], { reject: false });
  expect(result.exitCode).toBe(2);
  expect(result.stderr).toMatch(/^error: no section strat; there are: start, edit/);
});
