// Where the programs of other processes lie: beside the bundle that this is part of.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @param name of a file in dist/; run from the sources, it is that of the last build */
export function builtEntry(name: string): string {
  const bundled = fileURLToPath(new URL(`./${name}`, import.meta.url));
  return existsSync(bundled) ? bundled : fileURLToPath(new URL(`../../dist/${name}`, import.meta.url));
}
