// Hand-made bad files and the messages they must give, word for word. `UPDATE=1 vitest run test/config/bad-files` writes
// the current messages: read every line of the difference before committing it.
//
// test/fixtures/bad/NAME.yaml is a procs.yaml by itself; NAME/ or NAME@ENV/ is a whole directory.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { FileSource } from '../../src/config/files/file-source.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { formatProblems } from '../../src/config/problem/format-problems.ts';

const directory = fileURLToPath(new URL('../fixtures/bad/', import.meta.url));
const names = readdirSync(directory).filter((name) => !name.endsWith('.expected.txt'));
const environment = { USER: 'ann', EMPTY: '', BRACE: 'a}b' };

test.for(names)('%s', async (name) => {
  const result = await loadConfig(requestFor(name));
  if (result.ok) throw new Error(`${name} is loaded without a problem`);
  const said = `${formatProblems(result.problems).replaceAll(directory, '/project/')}\n`;
  const expected = join(
    directory,
    name.endsWith('.yaml') ? name.replace(/\.yaml$/, '.expected.txt') : `${name}.expected.txt`,
  );
  if (process.env.UPDATE) writeFileSync(expected, said);
  expect(said).toBe(existsSync(expected) ? readFileSync(expected, 'utf8') : '');
  for (const { line, excerpt, hint, code } of result.problems) {
    expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    expect(line === null).toBe(excerpt === null);
    expect(hint === null || hint.length > 3).toBe(true);
  }
});

test('there are at least 200 files, and each has its message', () => {
  expect(names.length).toBeGreaterThanOrEqual(200);
  const kept = readdirSync(directory).filter((name) => name.endsWith('.expected.txt'));
  expect(kept.length).toBe(names.length);
});

function requestFor(name: string) {
  if (!name.endsWith('.yaml')) {
    const env = name.includes('@') ? name.slice(name.indexOf('@') + 1).replace('_', '/') : null;
    return { file: join(directory, name, 'procs.yaml'), env, environment };
  }
  return { file: '/project/procs.yaml', env: null, environment, source: oneFile(readFileSync(join(directory, name))) };
}

function oneFile(bytes: Buffer): FileSource {
  return {
    read: async (path) => (path === '/project/procs.yaml' ? { kind: 'bytes', bytes } : { kind: 'missing' }),
    list: async () => ['procs.yaml'],
    resolve: async (path) => path,
  };
}
