// README and guide: every `orch` line is one that the command line understands, every whole procs.yaml is valid, every
// link leads somewhere.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { capture } from './run-command.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const guide = readdirSync(join(root, 'docs/guide')).map((name) => `docs/guide/${name}`);
const pages = ['README.md', ...guide].map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

type Block = { path: string; text: string };
const blocks = (language: string): Block[] =>
  pages.flatMap(({ path, text }) =>
    [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => ({
      path,
      text: match[1]!,
    })),
  );

/** Command lines that begin with `orch`, up to a pipe, a comment or another command. */
const lines = blocks('sh').flatMap(({ path, text }) =>
  [...text.matchAll(/(?:^|[\s=(])orch((?: +(?:"[^"]*"|[^\s|;#&(){}"'$]+))+)/gm)].map((match) => ({
    path,
    argv: match[1]!.trim().split(/ +(?=(?:[^"]*"[^"]*")*[^"]*$)/),
  })),
);

test('there is something to check', () => {
  expect(lines.length).toBeGreaterThan(30);
});

test.each(lines)('$path: orch $argv', async ({ argv }) => {
  let ran: string | null = null;
  const around = { stdout: capture(), stderr: capture(), environment: {}, cwd: '/' };
  const program = createProgram(around, async ({ command }) => {
    ran = command.name;
  });
  await program.parseAsync(argv, { from: 'user' });
  expect(ran).not.toBeNull();
});

const configurations = blocks('yaml').filter(({ text }) => /^services:/m.test(text) && !/: null/.test(text));

test.each(configurations)('$path: the procs.yaml is valid', async ({ text }) => {
  const directory = mkdtempSync(join(tmpdir(), 'orch-docs-'));
  const file = join(directory, 'procs.yaml');
  writeFileSync(file, text);
  writeFileSync(join(directory, '.env'), 'DATABASE_URL=x\n');
  const loaded = await loadConfig({ file, env: null, environment: {} });
  rmSync(directory, { recursive: true });
  expect(loaded.ok ? [] : loaded.problems).toEqual([]);
});

test.each(pages)('$path: links lead somewhere', ({ path, text }) => {
  const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1]!);
  const missing = targets.filter((target) => !existsSync(join(root, dirname(path), target)));
  expect(missing).toEqual([]);
});
