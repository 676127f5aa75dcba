// The configurations of other tools under test/fixtures/import, a directory each: <tool>/<name>/.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { evaluateScript } from '../../src/cli/import/evaluate-script.ts';
import { listNear } from '../../src/cli/import/read-inputs.ts';
import { detectFormat } from '../../src/import/detect-format.ts';
import { type ImportResult, importFiles } from '../../src/import/import-files.ts';

export const FIXTURES = fileURLToPath(new URL('../fixtures/import', import.meta.url));

export type ImportFixture = { tool: string; name: string; directory: string; files: string[] };

/** Files that others name, rather than the user. */
const NAMED_BY_OTHERS = /^(expected\..*|.*\.(base|override)\.yaml|.*\.env|env\..*|.*\.envfile)$/;

export const fixtures: ImportFixture[] = readdirSync(FIXTURES).flatMap((tool) =>
  readdirSync(join(FIXTURES, tool)).map((name) => {
    const directory = join(FIXTURES, tool, name);
    const files = readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile() && !NAMED_BY_OTHERS.test(entry.name))
      .map((entry) => entry.name)
      .filter(
        (file) => detectFormat(file, readFileSync(join(directory, file), 'utf8')) !== null && !file.startsWith('.'),
      )
      .sort();
    return { tool, name, directory, files };
  }),
);

export function importFixture({ directory, files }: ImportFixture): Promise<ImportResult> {
  const read = (file: string) => {
    const path = join(directory, file);
    return existsSync(path) ? readFileSync(path, 'utf8') : null;
  };
  return importFiles({
    inputs: files.map((file) => ({ file, text: read(file)! })),
    format: null,
    read,
    list: (pattern) => listNear(directory, pattern),
    evaluate: (file, environment) => evaluateScript(join(directory, file), environment),
    schema: null,
  });
}
