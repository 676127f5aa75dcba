// Entry of the process that loads configurations for the supervisor, so that a hostile file is parsed where it can't hurt.
// JSON lines: a LoadRequest (without `source`) on stdin, its LoadResult on stdout, in order; ends with stdin.
// `{"started":true}` comes first, once everything is loaded.
import { createInterface } from 'node:readline';
import type { LoadResult } from '../core/model.ts';
import { type LoadRequest, loadConfig } from './load.ts';

const write = (answer: unknown): Promise<void> =>
  new Promise((resolve) => process.stdout.write(`${JSON.stringify(answer)}\n`, () => resolve()));

process.stdout.on('error', () => process.exit(0)); // nobody reads the answers any more
await write({ started: true });
for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
  if (line.trim() !== '') await write(await answer(line));
}

async function answer(line: string): Promise<LoadResult> {
  const { file, env, environment } = JSON.parse(line) as LoadRequest;
  try {
    return await loadConfig({ file, env, environment });
  } catch (error) {
    // A fault of ours must look like a bad file to the supervisor: what runs goes on.
    const message = `orch failed to read it: ${(error as Error).message}`;
    const problem = {
      severity: 'error' as const,
      file,
      line: null,
      column: null,
      code: 'internal',
      message,
      hint: 'please report this',
      excerpt: null,
    };
    return { ok: false, problems: [problem], watched: [] };
  }
}
