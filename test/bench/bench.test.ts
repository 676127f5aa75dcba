// The benchmarks run and print their table; the figures themselves are for people.
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { stagesIn } from '../../bench/startup/trace.mjs';

const main = fileURLToPath(new URL('../../bench/main.mjs', import.meta.url));

test('a section prints its rows in one table', async () => {
  const { stdout } = await execa(process.execPath, [main, 'crash', '--quick']);
  expect(stdout).toMatch(/^section +what +median +min\.\.max +reference +ratio +target$/m);
  expect(stdout).toMatch(/^crash +kill -9 → restarted, of 100 +[\d.]+ ms +[\d.]+\.\.[\d.]+ +≤ 6 ms$/m);
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
  expect(result.stderr).toMatch(/^error: no section strat; there are: startup, start, edit/);
});

test('the stages of a start are read from the system calls of its processes', () => {
  const trace = [
    '10 100.000 execve("/usr/bin/node", ["/usr/bin/node", "/opt/dist/orch.cjs", "up", "-d"], 0x7ff /* 35 vars */) = 0',
    '10 100.020 openat(AT_FDCWD, "/opt/dist/orch.cjs", O_RDONLY|O_CLOEXEC) = 17',
    '11 100.090 execve("/usr/bin/node", ["/usr/bin/node", "/opt/dist/supervisor.cjs", "--root", "/p", "--file", "/p/procs.yaml"], 0x7ff) = 0',
    '10 100.100 openat(AT_FDCWD, "/p/procs.yaml", O_RDONLY|O_CLOEXEC) = 18',
    '11 100.150 openat(AT_FDCWD, "/opt/dist/supervisor.cjs", O_RDONLY|O_CLOEXEC) = 17',
    '11 100.200 flock(23, LOCK_EX|LOCK_NB) = 0',
    '12 100.300 execve("/tmp/mark", ["/tmp/mark", "s0"], 0x7ff <unfinished ...>',
  ];
  const stages = stagesIn(trace.join('\n'), '/tmp/mark');
  expect(Object.entries(stages!).map(([key, ms]) => [key, Math.round(ms!)])).toEqual([
    ['command', 20],
    ['launched', 90],
    ['read', 100],
    ['supervisor', 150],
    ['locked', 200],
    ['starts', 1],
  ]);
  expect(stagesIn('', '/tmp/mark')).toBeNull();
});
