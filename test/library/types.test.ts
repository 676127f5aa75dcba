// The declarations in dist/types, as a consumer's compiler sees them: right uses compile, wrong ones do not.
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../rig/temporary-directory.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');

const CONSUMER = `import { connect, load, OrchError, plan, type Problem, type Status } from 'orch';

const loaded = await load({ file: 'procs.yaml', env: 'prod' });
if (loaded.ok) {
  const pool: number | { size?: number | null } | null | undefined = loaded.config.services?.['api']?.pool;
  const files: string[] = loaded.files;
  void [pool, files];
} else {
  const problems: Problem[] = loaded.problems;
  const line: number | null | undefined = problems[0]?.line;
  // @ts-expect-error a rejected file has no configuration
  void [line, loaded.config];
}
const planned = await plan({ from: 'main' });
if (planned.ok) {
  const action: 'start' | 'stop' | 'restart' | 'update' | 'scale' | undefined = planned.plan.changes[0]?.action;
  void action;
}
// @ts-expect-error a number does not name a file
void load(1);
// @ts-expect-error the option does not exist
void plan({ form: 'main' });

const orch = await connect('procs.yaml');
// @ts-expect-error it may be null
void orch.status();
if (orch) {
  const status: Status = await orch.status();
  for await (const event of orch.events({ follow: false })) {
    const seq: number = event.seq;
    void [seq, status.services[0]?.instances[0]?.state === 'ready'];
    // @ts-expect-error the state does not exist
    void (status.services[0]?.instances[0]?.state === 'redy');
  }
  await orch.wait(['api', 'tag:backend'], { for: 'ready', timeoutMs: 1000 });
  // @ts-expect-error the condition does not exist
  void orch.wait('api', { for: 'running' });
  // @ts-expect-error the size is required
  void orch.scale('api');
  try {
    await orch.stop('api');
  } catch (error) {
    if (error instanceof OrchError) void [error.code.length, error.hint?.length, error.problems[0]?.file.length];
  }
  orch.close();
}
`;

test.each(['nodenext', 'bundler'])('a strict consumer with module resolution %s compiles', async (resolution) => {
  const directory = temporaryDirectory('types');
  mkdirSync(join(directory, 'node_modules'));
  symlinkSync(root, join(directory, 'node_modules/orch'));
  const options = {
    ...{
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      target: 'es2022',
      types: [],
      exactOptionalPropertyTypes: true,
    },
    ...{ moduleResolution: resolution, module: resolution === 'nodenext' ? 'nodenext' : 'esnext' },
  };
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['main.ts'] }));
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  writeFileSync(join(directory, 'main.ts'), CONSUMER);
  const compiled = await execa(process.execPath, [compiler, '-p', directory], { reject: false });
  expect(compiled.stdout).toBe('');
  expect(compiled.exitCode).toBe(0);
});

test('the declarations are those that the entry leads to: none of the command line, the supervisor or the view', () => {
  const files = readdirSync(join(root, 'dist/types'), { recursive: true, encoding: 'utf8' });
  expect(files.filter((file) => /^(cli|supervisor|os|tui|logs|import)\//.test(file))).toEqual([]);
  expect(files.filter((file) => file.endsWith('.d.ts')).length).toBeLessThan(27);
});
