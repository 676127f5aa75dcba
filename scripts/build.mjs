// Bundles src/ into dist/: one entry per process, code split so that a client loads only what its command needs.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const entries = {
  program: 'src/cli/program.ts',
  supervisor: 'src/supervisor/main.ts',
  'config-child': 'src/config/child.ts',
  'socket-keeper': 'src/os/sockets/socket-keeper.ts',
  'channel-keeper': 'src/os/ipc/channel-keeper.ts',
  'tty-holder': 'src/os/tty/tty-holder.ts',
};

/** Not part of the front, which loads the built files. */
const laterPrograms = {
  name: 'later-programs',
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
  entryPoints: Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file))),
  outdir: 'dist',
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"' },
  // Native, optional, and looked for at run time only.
  external: ['koffi', '@lydell/node-pty'],
  // Ink asks for the devtools only when DEV=true.
  alias: { 'react-devtools-core': './scripts/empty-module.mjs' },
});
/** Apart from the programs, whose shared chunks are more and smaller files: each costs half a millisecond. */
const buildApart = (entryPoints, outdir) => build({ ...modular, entryPoints, outdir });
const library = await buildApart({ index: 'src/index.ts' }, 'dist/lib');
const validate = await buildApart({ validate: 'src/cli/validate-alone.ts' }, 'dist/validate');
// The command that users start, and the log writer: one CommonJS file each. Node starts it 8 ms sooner than a module with its
// chunks, a tenth of a whole `orch ps`, and needs 3 MB less for as long as it lives, a third of what the log writer has to itself.
const command = await build({
  ...shared,
  entryPoints: { orch: 'src/main.ts', 'log-writer': 'src/logs/writer/main.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  plugins: [laterPrograms],
});

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
writeFileSync(notices, noticesOf([modules, library, validate, command]).join(`\n${'-'.repeat(80)}\n\n`));

const written = new Set([
  notices,
  ...[modules, library, validate, command].flatMap(({ metafile }) => Object.keys(metafile.outputs)),
]);
for (const directory of ['dist', 'dist/lib', 'dist/validate']) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isFile() && !written.has(path) && Date.now() - statSync(path).mtimeMs > STALE_MS) rmSync(path);
  }
}
