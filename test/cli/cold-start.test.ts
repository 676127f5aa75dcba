// What the command line loads before a command runs: `orch ps` almost nothing, every other command only light code.
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { expect, test } from 'vitest';
import { validateCommand } from '../../src/cli/commands/validate.ts';

const source = (path: string) => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));
const bundle = async (options: BuildOptions): Promise<Metafile> =>
  (
    await build({
      bundle: true,
      minify: true,
      write: false,
      metafile: true,
      platform: 'node',
      outdir: 'out',
      ...options,
    })
  ).metafile!;
const inputsOf = (files: { inputs: object }[]) =>
  files.flatMap(({ inputs }) => Object.keys(inputs)).map((path) => path.replace(/^.*?(src|node_modules)\//, '$1/'));

/** The table of the view, which `orch ps` prints. */
const TABLE =
  /^src\/tui\/(model\/(rows|samples|search-pattern|severity|sort)|view\/(format|line|pool-dots|row-cells|row-texts|sparkline|table-columns|theme))\.ts$/;

/** What the command itself loads when a line needs it. */
const LATER = [
  './cli/commands/attach.ts',
  './cli/commands/down.ts',
  './cli/commands/up.ts',
  './cli/program.ts',
  './cli/up/early-launch.ts',
  './cli/validate-alone.ts',
];

test('`orch ps` loads one small package and no more of Node than it needs', async () => {
  const { outputs } = await bundle({
    entryPoints: [source('main.ts')],
    format: 'cjs',
    external: [...LATER],
  });
  const [output] = Object.values(outputs);
  expect(
    inputsOf([output!]).filter(
      (path) =>
        !/^(package\.json|src\/(main|version|core\/(project-path|environment-name|follow-status|applied-commit)|api\/|cli\/|terminal\/|units|rpc\/)|node_modules\/get-east-asian-width\/)/.test(
          path,
        ) && !TABLE.test(path),
    ),
  ).toEqual([]);
  expect(output!.bytes).toBeLessThan(41 * 1024);
  const external = output!.imports.filter((one) => one.external).map(({ path }) => path);
  expect([...new Set(external)].sort()).toEqual([...LATER, 'node:fs', 'node:net', 'node:os', 'node:path']);
});

test.for(['up', 'down'])(
  '`orch %s` loads neither commander, the full-screen view nor another command before it acts',
  async (name) => {
    const { outputs } = await bundle({
      entryPoints: [source(`cli/commands/${name}.ts`)],
      format: 'cjs',
      external: ['../../tui/main.tsx'],
      logOverride: { 'empty-import-meta': 'silent' },
    });
    const packages = inputsOf(Object.values(outputs)).filter((path) =>
      /^node_modules\/(commander|ink|react)\//.test(path),
    );
    expect(packages).toEqual([]);
    const command = inputsOf(Object.values(outputs)).filter((path) => path.startsWith('src/cli/commands/'));
    expect(command).toEqual([`src/cli/commands/${name}.ts`]);
  },
);

test('help, completion and the choice of a command load commander and the definitions alone', async () => {
  const { outputs } = await bundle({
    entryPoints: [source('cli/program.ts')],
    format: 'esm',
    splitting: true,
    jsx: 'automatic',
    external: ['koffi', '@lydell/node-pty', 'react-devtools-core'],
  });
  const isStatic = ({ kind }: { kind: string }) => kind === 'import-statement' || kind === 'require-call';
  const loaded = new Set<string>();
  const external = new Set<string>();
  const load = (path: string) => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const one of outputs[path]!.imports.filter(isStatic)) {
      if (one.external) external.add(one.path);
      else load(one.path);
    }
  };
  load(Object.keys(outputs).find((path) => outputs[path]!.entryPoint?.endsWith('cli/program.ts'))!);
  const inputs = inputsOf([...loaded].map((path) => outputs[path]!));
  const isLight =
    /^(package\.json|src\/(cli|api|rpc|terminal)\/|src\/(core\/(project-path|environment-name|follow-status|applied-commit)|export\/export-tools|logs\/reader\/json-line|units|version)\.ts|node_modules\/(commander|get-east-asian-width)\/)/;
  expect(inputs.filter((path) => !isLight.test(path) && !TABLE.test(path))).toEqual([]);
  expect(inputs.filter((path) => /\/cli\/(init|completion)\/|\/up\/(?!interrupts)/.test(path))).toEqual([]);
  const ofCommander = ['node:child_process', 'node:events', 'node:fs', 'node:path', 'node:process'];
  expect([...external].sort()).toEqual([...ofCommander, 'node:net', 'node:os', 'node:tty'].sort());
});

test('`orch validate` loads neither commander nor other commands, and few files', async () => {
  const { outputs } = await bundle({
    entryPoints: [source('cli/validate-alone.ts')],
    format: 'esm',
    splitting: true,
  });
  const later = /library-yaml|suggest|edit-pool|applied-environment/;
  const loaded = Object.entries(outputs).filter(([path]) => !later.test(path));
  const inputs = inputsOf(loaded.map(([, output]) => output));
  expect(inputs.filter((path) => /commander|src\/cli\/(commands\/(?!validate)|up|program)/.test(path))).toEqual([]);
  expect(loaded.length).toBeLessThan(15);
  expect(validateCommand.options).toEqual([]); // main.ts reads its line by itself
});
