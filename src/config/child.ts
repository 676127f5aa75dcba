// Entry of the process that loads configurations for the supervisor: a hostile file cannot hurt the supervisor.
// JSON lines: a LoadRequest (without `source`, with the hash of a `commit` in its place) on stdin, its LoadResult on stdout, in order; ends with stdin.
// `{"started":true}` comes first, once everything is loaded.

import { createInterface } from 'node:readline';
import type { LoadResult } from '../core/load-result.ts';
import { isGitProblem, openGitSource } from './files/git-source.ts';
import { type LoadRequest, loadConfig } from './load-config.ts';
import { failed, fileProblem } from './problem/problem.ts';

process.stdout.on('error', () => process.exit(0)); // the supervisor has closed the pipe
void main();

async function main(): Promise<void> {
  await write({ started: true });
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() !== '') await write(await answer(line));
  }
}

function write(message: unknown): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${JSON.stringify(message)}\n`, () => resolve()));
}

async function answer(line: string): Promise<LoadResult> {
  try {
    const { file, env, environment, stateDir = null, commit } = JSON.parse(line) as LoadRequest & { commit?: string };
    if (commit === undefined) return await loadConfig({ file, env, environment, stateDir });
    const git = await openGitSource(file, commit);
    if (isGitProblem(git)) return { ok: false, problems: [git], watched: [] };
    return await loadConfig({ file, env, environment, stateDir, source: git.source });
  } catch (error) {
    // A bug in orch must look like a bad file to the supervisor, which keeps all services running.
    const message = `orch failed to read the configuration: ${(error as Error).message}`;
    return {
      ...failed(fileProblem('procs.yaml', { code: 'internal', message, hint: 'please report this' })),
      watched: [],
    };
  }
}
