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
 * For the processes that simulate. Every simulated supervisor evaluates its code again: what V8 optimizes for one is soon
 * thrown away, so it waits longer before it does, and compiles all of it once in the cheap way, which is kept. Each run
 * leaves a lot of short-lived garbage; the other core has work of its own, so it is collected without help.
 */
export const FLAGS = [
  '--always-sparkplug',
  // Node 22 and newer do not know the one, and have the other on.
  ...(Number.parseInt(process.versions.node, 10) < 22 ? ['--interrupt-budget=1000000', '--maglev'] : []),
  '--min-semi-space-size=64',
  '--max-semi-space-size=64',
  '--single-threaded-gc',
];
/** Costs a twentieth; for readers of what a failure prints. */
export const REPLAY_FLAGS = [...FLAGS, '--enable-source-maps'];

/** @param entry name of a file in this folder. @returns the path of the module. */
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
