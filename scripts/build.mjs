// Bundles src/ into dist/: one entry per process, code split so that a client loads only what its command needs.

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

const entries = {
  main: 'src/main.ts',
  supervisor: 'src/supervisor/main.ts',
  'log-writer': 'src/logs/main.ts',
  'config-child': 'src/config/child.ts',
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
