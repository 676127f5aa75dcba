// Makes a program of test/os/programs/*.ts that plain node runs: for tests that need the code under test in a
// process of its own, to be killed, raced or put into a namespace.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { temporaryDirectory } from '../rig/temporary-directory.ts';

/** Path of the bundled program; removed after the test file. */
export function bundle(name: string): string {
  const directory = temporaryDirectory('program');
  const outfile = join(directory, `${name}.mjs`);
  const entryPoints = [fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url))];
  buildSync({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
  return outfile;
}
