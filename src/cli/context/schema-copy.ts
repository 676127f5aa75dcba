// The schema for editors: a copy in the state directory, which git ignores, so that a procs.yaml in git names it by the same
// path on every machine, wherever orch is installed.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** As they are called in the state directory -> in the package. */
const SCHEMAS = {
  'procs.schema.json': 'procs.editor.schema.json',
  'procs.overlay.schema.json': 'procs.overlay.schema.json',
};
const SCHEMA = './.orch/procs.schema.json';
const OVERLAY_SCHEMA = './.orch/procs.overlay.schema.json';

/**
 * The schema of an orch that the project has in its `node_modules`, or that of a parent.
 * @returns a path for the first line of a file in `directory`; null: there is none
 */
export function installedSchema(directory: string): string | null {
  for (let parent = directory; ; parent = dirname(parent)) {
    const path = join(parent, 'node_modules/orch/schema/procs.editor.schema.json');
    if (existsSync(path)) {
      const named = relative(directory, path).split(sep).join('/');
      return named.startsWith('.') ? named : `./${named}`;
    }
    if (parent === dirname(parent)) return null;
  }
}

/** As `installedSchema`; otherwise the copy, once `provideSchema` was called with the text. */
export const schemaFor = (directory: string): string => installedSchema(directory) ?? SCHEMA;

/** For a clone that has no copy yet, and for an orch that is newer than the copy. */
export function refreshSchema(file: string): void {
  try {
    provideSchema(dirname(file), readFileSync(file, 'utf8'));
  } catch {
    return; // it was moved away meanwhile
  }
}

/**
 * Writes the copies where the text of a configuration names one. What cannot be written is left out: only editors need it.
 * @param directory of the configuration
 */
export function provideSchema(directory: string, text: string): void {
  if (!text.includes(SCHEMA) && !text.includes(OVERLAY_SCHEMA)) return;
  const target = join(directory, '.orch');
  try {
    mkdirSync(target, { recursive: true, mode: 0o700 });
    writeIfOther(join(target, '.gitignore'), '*\n');
    for (const [name, packaged] of Object.entries(SCHEMAS))
      writeIfOther(join(target, name), readFileSync(schemaFile(packaged), 'utf8'));
  } catch {
    return; // a read-only directory, or a full disk
  }
}

function writeIfOther(path: string, text: string): void {
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text, { mode: 0o600 });
}

/** Next to dist/, of which this file is a part; from the sources, in the repository. */
function schemaFile(name: string): string {
  const packaged = fileURLToPath(new URL(`../schema/${name}`, import.meta.url));
  return existsSync(packaged) ? packaged : fileURLToPath(new URL(`../../../schema/${name}`, import.meta.url));
}
