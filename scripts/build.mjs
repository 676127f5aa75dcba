// Bundles src/ into dist/: one entry per process, code split so that a client loads only what its command needs.

import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { viewLoadsAtOnce } from './view-plugin.mjs';

/** The command that users start, those of `orch up`, `orch attach` and `orch down`, the view, and the processes of a project. */
const processes = {
  orch: 'src/main.ts',
  up: 'src/cli/commands/up.ts',
  attach: 'src/cli/commands/attach.ts',
  down: 'src/cli/commands/down.ts',
  tui: 'src/tui/main.tsx',
  supervisor: 'src/supervisor/main.ts',
  'config-child': 'src/config/child.ts',
  'load-edit': 'src/config/load-edit.ts',
  'log-writer': 'src/logs/writer/main.ts',
  'socket-keeper': 'src/os/sockets/socket-keeper.ts',
  'channel-keeper': 'src/os/ipc/channel-keeper.ts',
  'tty-holder': 'src/os/tty/tty-holder.ts',
};

/** Were modules in version 0.1: a supervisor that has run since starts them by these names, whatever is installed by now. */
const formerNames = ['supervisor', 'config-child', 'socket-keeper', 'tty-holder'];

/** Loaded when it is needed, from a file of its own. Not by `import`, which would first search it for the names of its exports. */
const later = (name, filter, fileOf) => ({
  name: `later-${name}`,
  setup({ onResolve, onLoad }) {
    const namespace = `required-${name}`;
    onResolve({ filter }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path: `./${fileOf(path)}.cjs`, namespace } : null,
    );
    onLoad({ filter: /.*/, namespace }, ({ path }) => ({ contents: `module.exports = require('${path}');` }));
    onResolve({ filter: /\.cjs$/, namespace }, ({ path }) => ({ path, external: true }));
  },
});
const laterPrograms = later('programs', /\/(commands\/(up|attach|down)|config\/load-edit)\.ts$/, (path) =>
  basename(path, '.ts'),
);
const laterView = later('view', /\/tui\/main\.tsx$/, () => 'tui');

/** Not part of the single files, which load them when they are needed. */
const laterModules = {
  name: 'later-modules',
  setup({ onResolve }) {
    onResolve({ filter: /\/cli\/program\.ts$/ }, () => ({ path: './program.js', external: true }));
    onResolve({ filter: /\/cli\/validate-alone\.ts$/ }, () => ({ path: './validate/validate.js', external: true }));
  },
};

// Chunks of an earlier build are left for an hour: a supervisor that runs may still load one of them. `--fresh`: not in a package.
const STALE_MS = process.argv.includes('--fresh') ? -1 : 3_600_000;

const shared = {
  metafile: true,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  minify: true,
  keepNames: true,
  legalComments: 'none',
  // Native, optional, and looked for at run time only.
  external: ['koffi', '@lydell/node-pty'],
};
const modular = {
  ...shared,
  splitting: true,
  format: 'esm',
  // Bundled CommonJS needs `require`.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
};

mkdirSync('dist', { recursive: true });
const modules = await build({
  ...modular,
  entryPoints: { program: 'src/cli/program.ts' },
  outdir: 'dist',
  plugins: [laterView],
});
/** Apart from the programs, whose shared chunks are more and smaller files: each costs half a millisecond. */
const buildApart = (entryPoints, outdir) => build({ ...modular, entryPoints, outdir });
const library = await buildApart({ index: 'src/index.ts' }, 'dist/lib');
const validate = await buildApart({ validate: 'src/cli/validate-alone.ts' }, 'dist/validate');
// One CommonJS file for each process: Node starts it sooner than a module with its chunks (the command by 8 ms, a tenth of a
// whole `orch ps`, the supervisor by 25 ms) and needs 3 MB less for as long as it lives, a third of what the log writer has to
// itself.
const single = await build({
  ...shared,
  entryPoints: processes,
  outdir: 'dist',
  outExtension: { '.js': '.program.cjs' },
  format: 'cjs',
  charset: 'ascii',
  banner: { js: "const __file=require('node:url').pathToFileURL(__filename).href;" },
  define: { 'import.meta.url': '__file', 'process.env.NODE_ENV': '"production"' },
  jsx: 'automatic',
  plugins: [laterPrograms, laterView, laterModules, viewLoadsAtOnce],
});
// Code of a cache cannot import: the entry does it.
for (const name of Object.keys(processes)) {
  const path = `dist/${name}.program.cjs`;
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/\bimport\((?="[^"]+"\))/g, '__import('));
}
/** What Node starts: it runs the program of the same name from V8's code cache. */
const entries = await Promise.all(
  Object.keys(processes).map((name) => {
    const hash = createHash('sha256').update(readFileSync(`dist/${name}.program.cjs`));
    const program = JSON.stringify({ name, build: hash.digest('hex').slice(0, 16) });
    const purpose =
      name === 'orch'
        ? "process.argv.find((word)=>word==='ps'||word==='up'||word==='attach'||word==='down')"
        : 'undefined';
    return build({
      ...shared,
      stdin: {
        contents: `import { runProgram } from './src/os/code-cache.ts'; runProgram({ ...${program}, purpose: ${purpose} }, module, require, (path) => import(path));`,
        resolveDir: '.',
      },
      outfile: `dist/${name}.cjs`,
      format: 'cjs',
      banner: { js: '#!/usr/bin/env node' },
    });
  }),
);
chmodSync('dist/orch.cjs', 0o755); // the command of the package
for (const name of formerNames) writeFileSync(`dist/${name}.js`, `import './${name}.cjs';\n`);

/** The bundles contain these libraries, whose licences ask for their text. */
function noticesOf(results) {
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const packages = new Set(inputs.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []));
  return [...packages].sort().map((name) => {
    const directory = join('node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
    const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? readFileSync(join(directory, file), 'utf8').trim() : `License: ${license}`;
    return `${name} ${version}\n\n${text}\n`;
  });
}
const notices = 'dist/THIRD-PARTY-LICENSES.txt';
writeFileSync(notices, noticesOf([modules, library, validate, single]).join(`\n${'-'.repeat(80)}\n\n`));

const written = new Set([
  notices,
  ...formerNames.map((name) => `dist/${name}.js`),
  ...[modules, library, validate, single, ...entries].flatMap(({ metafile }) => Object.keys(metafile.outputs)),
]);
for (const directory of ['dist', 'dist/lib', 'dist/validate']) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isFile() && !written.has(path) && Date.now() - statSync(path).mtimeMs > STALE_MS) rmSync(path);
  }
}
