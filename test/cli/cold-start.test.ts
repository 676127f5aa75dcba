// What `orch ps` loads: the bundle of main.ts stays small and holds nothing but the client and the formats.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

test('the front of the command line loads no package and no more of Node than it needs', async () => {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL('../../src/main.ts', import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'cjs',
    outdir: 'out',
    external: ['./cli/program.ts'],
  });
  const inputs = Object.keys(metafile.inputs).map((path) => path.replace(/^.*?src\//, 'src/'));
  expect(inputs.filter((path) => !/^src\/(main|api\/|cli\/|terminal\/|units|rpc\/)/.test(path))).toEqual([]);
  const [output] = Object.values(metafile.outputs);
  expect(output!.bytes).toBeLessThan(24 * 1024);
  const external = output!.imports.filter((one) => one.external).map(({ path }) => path);
  expect([...new Set(external)].sort()).toEqual(['./cli/program.ts', 'node:fs', 'node:net', 'node:os', 'node:path']);
});
