// Help and the reference page say what the tables say. `-u` writes them; review the difference.
import { expect, test } from 'vitest';
import { commands } from '../../src/cli/command-list.ts';
import { referenceText } from './reference.ts';
import { runCommand } from './run-command.ts';

test('docs/reference/cli.md is up to date', async () => {
  await expect(referenceText()).toMatchFileSnapshot('../../docs/reference/cli.md');
});

test('orch alone, orch --help and orch help print the help', async () => {
  const alone = await runCommand([]);
  expect(alone).toMatchObject({ code: 0, stderr: '' });
  await expect(alone.stdout).toMatchFileSnapshot('./help/orch.txt');
  expect((await runCommand(['--help'])).stdout).toBe(alone.stdout);
  expect((await runCommand(['help'])).stdout).toBe(alone.stdout);
});

test.each(commands.filter(({ hidden }) => !hidden).map(({ name }) => name))('orch help %s', async (name) => {
  const { code, stdout, stderr } = await runCommand(['help', name]);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/\nExamples:\n {2}\S/);
  await expect(stdout).toMatchFileSnapshot(`./help/${name}.txt`);
  expect((await runCommand([name, '--help'])).stdout).toBe(stdout);
});

test('every example of the help is a line that commander understands', async () => {
  const { createProgram } = await import('../../src/cli/program.ts');
  const { capture } = await import('./run-command.ts');
  for (const command of commands) {
    for (const [line] of command.examples) {
      const argv = (/orch ((?:[^|)'"]|"[^"]*")*)/.exec(line)?.[1] ?? '').trim().split(/\s+/);
      let ran = '';
      const around = { stdout: capture(), stderr: capture(), environment: {}, cwd: '/' };
      const program = createProgram(around, async (invocation) => {
        ran = invocation.command.name;
      });
      await program.parseAsync(argv, { from: 'user' });
      expect([line, ran]).toEqual([line, command.name]);
    }
  }
});
