// Bad usage: exit code 2, one `error:` line, a hint; with --json the object as well.
import { expect, test } from 'vitest';
import { runCommand } from './run-command.ts';

test.each([
  ['pss', "unknown command 'pss'", 'did you mean `ps`?'],
  ['nonsense', "unknown command 'nonsense'", 'see `orch help`'],
  ['ps --wat', "unknown option '--wat'", 'see `orch help ps`'],
  ['up --detatch', "unknown option '--detatch'", 'did you mean `--detach`?'],
  ['down api', "too many arguments for 'down'. Expected 0 arguments but got 1.", 'see `orch help down`'],
  ['why', "missing required argument 'names'", 'see `orch help why`'],
  ['events -n x', "option '-n, --limit <count>' argument 'x' is invalid. Expected a whole number from 0.", null],
  [
    'wait --timeout 10',
    "option '--timeout <duration>' argument '10' is invalid. Expected a duration such as 500ms, 30s or 5m.",
    null,
  ],
  [
    'wait --for ever',
    "option '--for <state>' argument 'ever' is invalid. Allowed choices are converged, ready, stopped, ended.",
    null,
  ],
  ['completion powershell', 'no completion for the shell "powershell"', 'it is one of bash, zsh, fish'],
  ['ps -f', "option '-f, --file <file>' argument missing", 'see `orch help ps`'],
])('orch %s', async (line, message, hint) => {
  const { code, stdout, stderr } = await runCommand(line.split(' '));
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr.split('\n')[0]).toBe(`error: ${message}`);
  if (hint !== null) expect(stderr).toBe(`error: ${message}\nhint: ${hint}\n`);
});

test('--json puts the error on stdout too, wherever it stands', async () => {
  for (const argv of [
    ['--json', 'pss'],
    ['why', '--json'],
  ]) {
    const { code, stdout } = await runCommand(argv);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'usage', message: expect.any(String) } });
  }
});

test('--version prints the version alone', async () => {
  const { code, stdout } = await runCommand(['--version']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('-f after `events` means follow, before it the file', async () => {
  expect((await runCommand(['-f', '/nowhere/procs.yaml', 'events'])).stderr).toContain('/nowhere');
  expect((await runCommand(['events', '-f', '--file', '/nowhere/procs.yaml'])).stderr).toContain('/nowhere');
});
