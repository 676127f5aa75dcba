// The fast path must read a line exactly as commander does, or not at all.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { downCommand } from '../../src/cli/commands/down.ts';
import { psCommand } from '../../src/cli/commands/ps.ts';
import type { GlobalOptions } from '../../src/cli/context/context.ts';
import { parseSimpleLine } from '../../src/cli/fast-path.ts';
import { createProgram } from '../../src/cli/program.ts';
import { capture } from './run-command.ts';

type Read = { command: string; globals: GlobalOptions; options: Record<string, unknown> };

async function byCommander(argv: string[]): Promise<Read | null> {
  let read: Read | null = null;
  const around = { stdout: capture(), stderr: capture(), environment: {}, cwd: '/' };
  const program = createProgram(around, async ({ command, globals, options }) => {
    read = { command: command.name, globals, options };
  });
  await program.parseAsync(argv, { from: 'user' }).catch(() => undefined); // a usage error leaves null
  return read;
}

const known = [
  ['--json'],
  ['-w'],
  ['--wide'],
  ['--no-color'],
  ['-f', 'x.yaml'],
  ['--file', 'y'],
  ['-e', 'prod'],
  ['--env', ''],
  ['--no-local'],
];
const odd = [
  ['ps'],
  ['up'],
  ['-f'],
  ['--file=x'],
  ['-fx'],
  ['-we'],
  ['--'],
  ['-'],
  ['--nope'],
  ['--wide=1'],
  [''],
  ['-h'],
  ['-e', '-f'],
];
const someWords = fc.array(
  fc.oneof({ arbitrary: fc.constantFrom(...known), weight: 5 }, { arbitrary: fc.constantFrom(...odd), weight: 1 }),
  { maxLength: 3 },
);

test('the fast path reads a line as commander does', async () => {
  const lines = fc.tuple(someWords, someWords).map(([before, after]) => [...before.flat(), 'ps', ...after.flat()]);
  let plain = 0;
  await fc.assert(
    fc.asyncProperty(lines, async (argv) => {
      const read = parseSimpleLine(argv, psCommand);
      if (read === null) return;
      plain++;
      const expected = await byCommander(argv);
      expect(expected?.command).toBe('ps');
      const options = { color: true, local: true, ...read.options } as GlobalOptions;
      const { file, env, json = false, color, local } = options;
      expect({ file, env, json, color, local }).toEqual({
        file: expected!.globals.file,
        env: expected!.globals.env,
        json: expected!.globals.json ?? false,
        color: expected!.globals.color,
        local: expected!.globals.local,
      });
      expect(read.options.wide ?? false).toBe(expected!.options.wide ?? false);
    }),
    { numRuns: 2000 },
  );
  expect(plain).toBeGreaterThan(200);
});

test.each([[['ps']], [['ps', '--json']], [['--json', 'ps']], [['-f', 'a.yaml', 'ps', '-w', '-e', 'prod']]])(
  '%j is read without commander',
  (argv) => expect(parseSimpleLine(argv, psCommand)).not.toBeNull(),
);

test.each([[[]], [['--json']], [['up']], [['ps', 'api']], [['ps', '--help']], [['ps', '-f']], [['--wide', 'ps']]])(
  '%j is not read',
  (argv) => expect(parseSimpleLine(argv, psCommand)).toBeNull(),
);

test.each([
  [['down'], true],
  [['-f', 'a.yaml', 'down', '--json'], true],
  [['down', '--timeout', '5s'], false],
  [['down', 'api'], false],
])('%j: read without commander: %s', (argv, isRead) =>
  expect(parseSimpleLine(argv, downCommand) !== null).toBe(isRead),
);
