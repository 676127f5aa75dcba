// Bundles src/ into dist/: one entry per process, code split so that a client loads only what its command needs.

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

const entries = {
  main: 'src/main.ts',
  program: 'src/cli/program.ts',
  supervisor: 'src/supervisor/main.ts',
  'log-writer': 'src/logs/main.ts',
  'config-child': 'src/config/child.ts',
};

/** Not loaded by the front, which hands over to the built file beside it. */
const laterProgram = {
  name: 'later-program',
  setup({ onResolve }) {
    onResolve({ filter: /\/cli\/program\.ts$/ }, () => ({ path: './program.js', external: true }));
  },
};

await rm('dist', { recursive: true, force: true });
await build({
  entryPoints: Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file))),
  outdir: 'dist',
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  minify: true,
  keepNames: true,
  legalComments: 'none',
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"' },
  // Ink asks for the devtools only when DEV=true; bundled CommonJS needs `require`.
  alias: { 'react-devtools-core': './scripts/empty-module.mjs' },
  banner: {
    js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);",
  },
});
// The command that users start: one CommonJS file. Node starts it 8 ms sooner than a module with its chunks, a tenth of
// a whole `orch ps`.
await build({
  entryPoints: { orch: 'src/main.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  minify: true,
  keepNames: true,
  legalComments: 'none',
  plugins: [laterProgram],
});
