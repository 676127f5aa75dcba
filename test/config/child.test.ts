// The built process that loads configurations for the supervisor: JSON lines in, JSON lines out.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LoadResult } from '../../src/core/load-result.ts';

let directory = '';
beforeAll(async () => {
  directory = mkdtempSync(join(realpathSync(tmpdir()), 'orch-child-'));
  await build({
    entryPoints: ['src/config/child.ts'],
    outdir: directory,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('the configuration reader answers every request in order, and ends with its stdin', async () => {
  const { child, answers } = start();
  writeFileSync(join(directory, 'procs.yaml'), 'services: { a: { command: [x, "$' + '{WHO}"] } }');
  writeFileSync(join(directory, 'bad.yaml'), 'services: [');
  expect(await next(answers)).toEqual({ started: true });
  for (const file of ['procs.yaml', 'bad.yaml', 'none.yaml', 'procs.yaml']) {
    child.stdin!.write(`${JSON.stringify({ file: join(directory, file), env: null, environment: { WHO: 'me' } })}\n`);
  }
  const results = [await next(answers), await next(answers), await next(answers), await next(answers)] as LoadResult[];
  expect(results.map((result) => (result.ok ? 'ok' : result.problems[0]!.code))).toEqual([
    'ok',
    'syntax',
    'missing-file',
    'ok',
  ]);
  expect(results[0]).toMatchObject({ accepted: { config: { services: [{ command: { argv: ['x', 'me'] } }] } } });
  child.stdin!.end();
  expect((await once(child, 'exit'))[0]).toBe(0);
});

test('a request that is none gets an answer, not an end', async () => {
  const { child, answers } = start();
  await next(answers);
  child.stdin!.write('nonsense\n');
  expect(await next(answers)).toMatchObject({ ok: false, problems: [{ code: 'internal' }] });
  child.stdin!.end();
  expect((await once(child, 'exit'))[0]).toBe(0);
});

test('the configuration reader ends when its output is closed', async () => {
  const { child, answers } = start();
  await next(answers);
  child.stdout!.destroy();
  child.stdin!.write('{}\n{}\n{}\n');
  child.stdin!.end();
  await once(child, 'exit');
});

function start(): { child: ChildProcess; answers: AsyncIterator<string> } {
  const child = spawn(process.execPath, [join(directory, 'child.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin!.on('error', () => undefined); // it may be gone: that is what is tested
  const lines = createInterface({ input: child.stdout! });
  return { child, answers: lines[Symbol.asyncIterator]() };
}

async function next(answers: AsyncIterator<string>): Promise<unknown> {
  const { value } = await answers.next();
  return JSON.parse(value as string);
}
