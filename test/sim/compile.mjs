// Bundles the TypeScript of the simulation for plain Node, which runs it faster than a test runner does.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** Below node_modules, so that packages are found from there. */
const directory = here(`../../node_modules/.cache/orch-sim-${process.pid}/`);
const plain = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  packages: 'external',
  logLevel: 'error',
};

/**
 * For the processes that simulate. Each run leaves a lot of short-lived garbage, and every simulated supervisor evaluates
 * its code anew: what V8 optimizes for one is soon thrown away, so it waits longer before it does. The other core has work
 * of its own, so garbage is collected without help. Measured together: 17 ms of CPU a seed instead of 24.
 */
export const FLAGS = [
  '--enable-source-maps',
  '--max-semi-space-size=32',
  '--single-threaded-gc',
  '--interrupt-budget=1000000',
];

/** @param entry name of a file beside this one. @returns the path of the module. */
export async function compile(entry) {
  const outfile = join(directory, `${entry}.mjs`);
  const url = JSON.stringify(pathToFileURL(here(`./${entry}.ts`)).href);
  await build({
    ...plain,
    entryPoints: [here(`./${entry}.ts`)],
    outfile,
    sourcemap: 'inline',
    define: { 'import.meta.url': url },
  });
  return outfile;
}

/** @returns the path of a file with this text. */
export function put(name, text) {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

export function forget() {
  rmSync(directory, { recursive: true, force: true });
}
