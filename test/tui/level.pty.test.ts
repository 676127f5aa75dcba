// The filter by level in a real pseudo-terminal, with stack traces of several programs.
import { expect, test } from 'vitest';
import { setStage, TIMEOUT_MS } from './stage.ts';
import { writeOutput } from './terminal-host.ts';

const stage = setStage();

test.each([
  { columns: 60, rows: 15 },
  { columns: 80, rows: 24 },
])(
  'v shows warnings and errors with their stack traces, then only errors, at $columns×$rows',
  async (size) => {
    const { logsDir } = stage.supervisor.paths;
    const warning = ['WARN slow', 'Caused by: com.example.Slow: an ERROR'];
    const error = ['TypeError: no', '    at main (/a.js:1:2)'];
    const all = ['INFO up', ...warning, 'INFO between', ...error, 'INFO done', 'a line without a level'];
    writeOutput(
      logsDir,
      all.map((line) => ['api.1', 'o', line]),
      true,
    );
    const now = stage.open('own', size);
    await now.shows('a line without a level');
    now.type('l');
    await now.shows('INFO up');
    now.type('v');
    await now.shows('warnings and errors');
    await now.shows(/WARN slow\n.*Caused by: .*\n.*TypeError: no\n.* at main/);
    expect(now.screen()).not.toContain('INFO');
    now.type('v');
    await now.shows('errors only');
    await now.shows(/TypeError: no\n.* at main/);
    expect(now.screen()).not.toContain('Caused by');
    writeOutput(
      logsDir,
      [
        ['api.2', 'e', 'Traceback (most recent call last):'],
        ['api.2', 'e', '  File "b.py"'],
      ],
      true,
    );
    await now.shows(/ at main.*\n.*Traceback.*\n.*File "b\.py"/);
    now.type('v');
    await now.shows('INFO between');
  },
  TIMEOUT_MS,
);
