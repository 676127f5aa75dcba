// Keys that conflict with a terminal, and a machine without pseudo-terminals, are reported at load.
import { expect, test } from 'vitest';
import { checkTerminals } from '../../src/config/check/host-support.ts';
import { SourceFile } from '../../src/config/problem/source-file.ts';
import { parseYaml } from '../../src/config/yaml/parse-yaml.ts';
import { config, spec } from '../core/fixtures.ts';

const YAML = 'services:\n  api:\n    tty: true\n    stdin: true\n    listen: [8000]\n    exit_record: true\n';
const here = (): null => null;

async function problemsOf(changes: Parameters<typeof spec>[1], missing: () => string | null = here) {
  const { tree } = await parseYaml(new SourceFile('procs.yaml', 'procs.yaml', YAML));
  return checkTerminals(config(spec('api', changes)), tree!, missing);
}

test('services without a terminal are not checked', async () => {
  expect(await problemsOf({ stdin: true }, () => 'gone')).toEqual([]);
  expect(await problemsOf({ tty: true })).toEqual([]);
});

test.each([
  [{ stdin: true }, 4, '`stdin` does not go with `tty`: the program reads from its terminal'],
  [
    { listen: [{ kind: 'tcp', host: '127.0.0.1', port: 8000, name: '8000' }] },
    5,
    '`listen` does not go with `tty`: sockets cannot be passed on through a terminal',
  ],
  [
    { exitRecord: true },
    6,
    '`exit_record` does not go with `tty`: the process that holds the terminal must be the main one',
  ],
] as const)('%o: line %i', async (changes, line, message) => {
  const problems = await problemsOf({ tty: true, ...changes } as Parameters<typeof spec>[1]);
  expect(problems).toMatchObject([{ code: 'tty-clash', line, message }]);
});

test('a missing package is reported with a hint what to install', async () => {
  const [problem] = await problemsOf({ tty: true }, () => 'it is not installed');
  expect(problem).toMatchObject({
    code: 'not-supported-here',
    line: 3,
    message: '`tty` is not supported here: it is not installed',
    hint: expect.stringContaining('@lydell/node-pty'),
  });
});
