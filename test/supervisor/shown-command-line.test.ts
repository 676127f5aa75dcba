// Command lines as they are shown: secrets masked, long ones cut.
import { expect, test } from 'vitest';
import { maskCommandLine } from '../../src/supervisor/api/shown-command-line.ts';

test.each([
  ['an ordinary one stays', ['node', 'server.js', '--port', '80', '-v'], 'node server.js --port 80 -v'],
  ['the value of a secret option', ['psql', '--password', 'hunter2', '-h', 'db'], 'psql --password *** -h db'],
  ['with =', ['psql', '--password=hunter2', '--host=db'], 'psql --password=*** --host=db'],
  ['an option without a value', ['psql', '--password', '-h', 'db'], 'psql --password -h db'],
  ['an assignment', ['env', 'API_TOKEN=abcdef', 'LANG=C', 'run'], 'env API_TOKEN=*** LANG=C run'],
  [
    'the words of a shell',
    ['sh', '-c', 'DB_PASSWORD="a b" run --token xyz --port 80; auth-api serve'],
    'sh -c DB_PASSWORD=*** run --token *** --port 80; auth-api serve',
  ],
  ['the password of a URL', ['run', 'postgres://u:pw@h/db'], 'run postgres://u:***@h/db'],
  ['the value of a secret variable, anywhere', ['run', 'x-canary-y'], 'run x-***-y'],
  ['the value of a secret variable that begins as the line does', ['anary', 'run'], 'anary run'],
])('%s', (_, words, shown) => {
  expect(maskCommandLine(words, ['canary'])).toBe(shown);
});

test('a long command line is cut, and no secret is cut in the middle', () => {
  const long = maskCommandLine(['java', '-cp', 'x'.repeat(5_000), '-jar'], []);
  expect([long.length, long.at(-1)]).toEqual([1_000, '…']);
  const secret = 'canary'.repeat(300);
  expect(maskCommandLine([`${'x'.repeat(500)}${secret}`], [secret])).toBe(`${'x'.repeat(500)}***`);
  expect(
    maskCommandLine(
      Array.from({ length: 50_000 }, () => 'word'),
      [],
    ).length,
  ).toBe(1_000 - 1);
});
