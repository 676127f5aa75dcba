// Finds the programs of orch's other processes: next to the bundle that this file is part of.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @param name of a file in dist/; from the sources it is the file of the last build */
export function builtEntry(name: string): string {
  const bundled = fileURLToPath(new URL(`./${name}`, import.meta.url));
  return existsSync(bundled) ? bundled : fileURLToPath(new URL(`../../dist/${name}`, import.meta.url));
}
