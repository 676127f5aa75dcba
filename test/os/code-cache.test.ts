// A program that starts from V8's code cache, in a directory of its own: real Node processes.
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { leanNodeOptions } from '../../src/logs/lean-node.ts';
import { cacheFile } from '../../src/os/code-cache.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUNDLED = { bundle: true, platform: 'node', format: 'cjs' } as const;
const GREETING = "exports.done = true; console.log('hello from ' + require('node:path').basename(__filename));";

/** @returns runs the program with the given text, and has the files of its cache */
async function programOf(text: string, build_ = 'b1') {
  const [directory, cache] = [temporaryDirectory('program'), temporaryDirectory('cache')];
  await build({
    ...BUNDLED,
    stdin: {
      contents: `import { runProgram } from './src/os/code-cache.ts'; runProgram({ name: 'demo', build: '${build_}' }, module, require, (path) => import(path));`,
      resolveDir: ROOT,
    },
    outfile: join(directory, 'demo.cjs'),
  });
  writeFileSync(join(directory, 'demo.program.cjs'), text);
  const run = (environment: Record<string, string> = {}, options: readonly string[] = []) =>
    execa(process.execPath, [...options, join(directory, 'demo.cjs')], {
      env: { XDG_CACHE_HOME: cache, ...environment },
      reject: false,
    });
  const folder = join(cache, 'orch', 'code');
  const files = () => readdirSync(folder).map((name) => join(folder, name));
  return { run, files, folder, directory, cache };
}

/** A cache that V8 refuses is written again, as another file. */
const identity = (path: string) => statSync(path).ino;

test('the first start writes the cache for its user alone, and the next one uses it', async () => {
  const { run, files } = await programOf(GREETING);
  expect(await run()).toMatchObject({ stdout: 'hello from demo.cjs', stderr: '', exitCode: 0 });
  const [file] = files();
  expect(statSync(file!).mode & 0o777).toBe(0o600);
  const before = identity(file!);
  expect((await run()).stdout).toBe('hello from demo.cjs');
  expect(files()).toEqual([file]);
  expect(identity(file!)).toBe(before);
});

test('so does a program that changed flags for itself, which keeps them', async () => {
  const { run, files } = await programOf(
    `const v8 = require('node:v8');
    v8.setFlagsFromString('--semi-space-growth-factor=1');
    globalThis[Symbol.for('orch.changedV8Flags')].push(
      { own: '--semi-space-growth-factor=1', usual: '--semi-space-growth-factor=2' },
    );
    console.log('hello');`,
  );
  expect((await run()).stdout).toBe('hello');
  const before = identity(files()[0]!);
  expect((await run()).stdout).toBe('hello');
  expect(identity(files()[0]!)).toBe(before);
});

test.for([
  [
    'patterns',
    "import { linearRegExp } from './src/v8/linear-regexp.ts'; console.log(linearRegExp('b+').exec('abb')[0]);",
    [],
  ],
  [
    'a flood',
    "import { compileSoon } from './src/logs/lean-node.ts'; compileSoon(); console.log('bb');",
    leanNodeOptions(process.versions.node),
  ],
] as const)(
  'a program whose flags of V8 were changed by %s leaves a cache that the next start takes',
  async ([, contents, options]) => {
    const text = await build({ ...BUNDLED, stdin: { contents, resolveDir: ROOT }, write: false });
    const { run, files } = await programOf(text.outputFiles[0]!.text);
    expect((await run({}, options)).stdout).toBe('bb');
    const before = identity(files()[0]!);
    expect((await run({}, options)).stdout).toBe('bb');
    expect(identity(files()[0]!)).toBe(before);
  },
);

test.for([
  ['cut short', (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 100))],
  ['of other bytes', (file: string) => writeFileSync(file, 'not code')],
  ['empty', (file: string) => writeFileSync(file, '')],
  ['that others may write', (file: string) => chmodSync(file, 0o666)],
] as const)('a cache %s is not used, and written again', async ([, spoil]) => {
  const { run, files } = await programOf(GREETING);
  await run();
  const [file] = files();
  spoil(file!);
  const before = identity(file!);
  expect(await run()).toMatchObject({ stdout: 'hello from demo.cjs', stderr: '', exitCode: 0 });
  expect(identity(file!)).not.toBe(before);
  expect(statSync(file!).mode & 0o777).toBe(0o600);
});

test('a directory that cannot be written changes nothing', async () => {
  const { run, cache } = await programOf(GREETING);
  writeFileSync(join(cache, 'orch'), 'a file where the directory would be');
  expect(await run()).toMatchObject({ stdout: 'hello from demo.cjs', stderr: '', exitCode: 0 });
});

test('a program that ends by process.exit keeps its exit code and leaves a cache', async () => {
  const { run, files } = await programOf('process.exit(7);');
  expect((await run()).exitCode).toBe(7);
  expect(files()).toHaveLength(1);
});

test('modules are imported from next to the program', async () => {
  const { run, directory } = await programOf("__import('./other.mjs').then(({ word }) => console.log(word));");
  writeFileSync(join(directory, 'other.mjs'), "export const word = 'imported';");
  for (const _ of ['without a cache', 'with it']) expect(await run()).toMatchObject({ stdout: 'imported', stderr: '' });
});

test('an error names the file and the column of the program', async () => {
  const { run } = await programOf("null.x; // 'first line'");
  const { stderr, exitCode } = await run();
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/demo\.cjs:1:6\b/);
});

test('caches of other builds are removed once they are old', async () => {
  const { run, files, folder } = await programOf(GREETING);
  mkdirSync(folder, { recursive: true });
  const [old, recent] = ['old', 'recent'].map((name) => join(folder, name));
  for (const path of [old!, recent!]) writeFileSync(path, '');
  utimesSync(old!, new Date(0), new Date(0));
  await run();
  expect(files()).toContain(recent);
  expect(files()).not.toContain(old);
});

test.for([
  ['XDG_CACHE_HOME', { XDG_CACHE_HOME: '/c', HOME: '/h' }, '/c/orch/code/'],
  ['the home directory', { HOME: '/h' }, '/h/.cache/orch/code/'],
  ['no home directory', {}, null],
  ['ORCH_NO_CODE_CACHE', { HOME: '/h', ORCH_NO_CODE_CACHE: '1' }, null],
] as const)('%s decides where the cache is', ([, environment, expected]) => {
  const path = cacheFile({ name: 'demo', build: 'b1' }, environment);
  if (expected === null) expect(path).toBeNull();
  else expect(path!.startsWith(`${expected}demo-any-b1-v`)).toBe(true);
});
