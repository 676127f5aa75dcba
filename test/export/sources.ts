// What is exported by tests: every example, and what an import makes of every file of another tool.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FIXTURES } from '../import/fixtures.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

export const exportSources: [name: string, directory: string, file: string][] = [
  ...readdirSync(EXAMPLES).map((name): [string, string, string] => [
    `examples/${name}`,
    join(EXAMPLES, name),
    'procs.yaml',
  ]),
  ...readdirSync(FIXTURES).flatMap((tool) =>
    readdirSync(join(FIXTURES, tool)).map((name): [string, string, string] => [
      `${tool}/${name}`,
      join(FIXTURES, tool, name),
      'expected.procs.yaml',
    ]),
  ),
].filter(([, directory, file]) => existsSync(join(directory, file)));

/** By name. */
export function envFilesOf(directory: string): Record<string, string> {
  const names = ['.env', '.env.local', 'env.db', 'app.env', 'db.env', 'web.env', 'api/.env', 'config/app.env'];
  return Object.fromEntries(
    names
      .filter((name) => existsSync(join(directory, name)))
      .map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );
}
