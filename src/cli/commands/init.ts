// `orch init`: writes a first procs.yaml from what it finds in the directory. Never overwrites one.
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { CliContext, ExitCode } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';
import { fail } from '../context/errors.ts';
import type { Draft } from '../init/draft.ts';

export const initCommand: CommandDefinition = {
  name: 'init',
  group: 'Configuration',
  summary: 'write a first procs.yaml',
  details: 'With comments, from package.json scripts, a Procfile or a compose file. Never overwrites a file.',
  arguments: [],
  options: [],
  examples: [['orch init', 'then read the file, and `orch up`']],
  inCurrentDirectory: true,
  run: runInit,
};

const COMPOSE_FILES = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];

/** Exit code 2 if the file exists or cannot be written. */
async function runInit(context: CliContext): Promise<ExitCode> {
  const { file } = context;
  const directory = dirname(file);
  if (existsSync(file)) return fail(context, alreadyExists(file));
  const { writeFile } = await import('node:fs/promises');
  const [{ printDraft }, { toServiceName }, draft] = await Promise.all([
    import('../init/write-draft.ts'),
    import('../init/draft.ts'),
    detect(directory),
  ]);
  const text = printDraft(toServiceName(basename(directory)), draft, findSchema(directory));
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return fail(context, alreadyExists(file));
    return fail(context, { code: 'usage', message: `cannot write ${file}: ${(error as Error).message}` });
  }
  reportDraft(context, draft);
  return 0;
}

const alreadyExists = (file: string) => ({
  code: 'usage',
  message: `${basename(file)} already exists`,
  hint: '`orch validate` checks it; remove or rename it to start over',
});

/** Procfile before compose file before package.json: the more its format resembles procs.yaml, the better the result. */
async function detect(directory: string): Promise<Draft> {
  const draft =
    (await detectProcfile(directory)) ??
    (await detectCompose(directory)) ??
    (await detectPackage(directory)) ??
    sample();
  return existsSync(join(directory, '.env')) ? { ...draft, envFiles: ['?.env'] } : draft;
}

async function detectProcfile(directory: string): Promise<Draft | null> {
  const text = await readIfExists(join(directory, 'Procfile'));
  if (text === null) return null;
  const { draftFromProcfile } = await import('../init/sources.ts');
  const draft = draftFromProcfile(text);
  return draft.services.length > 0 ? draft : null;
}

async function detectCompose(directory: string): Promise<Draft | null> {
  const { draftFromCompose } = await import('../init/compose.ts');
  for (const name of COMPOSE_FILES) {
    const text = await readIfExists(join(directory, name));
    const draft = text === null ? null : draftFromCompose(text, name);
    if (draft) return draft;
  }
  return null;
}

async function detectPackage(directory: string): Promise<Draft | null> {
  const text = await readIfExists(join(directory, 'package.json'));
  if (text === null) return null;
  const { draftFromPackage } = await import('../init/sources.ts');
  const locks = { 'pnpm-lock.yaml': 'pnpm', 'yarn.lock': 'yarn', 'bun.lockb': 'bun', 'bun.lock': 'bun' };
  const runner = Object.entries(locks).find(([lock]) => existsSync(join(directory, lock)))?.[1] ?? 'npm';
  return draftFromPackage(text, runner);
}

/** A service that runs wherever orch does and prints output. */
function sample(): Draft {
  const command = [
    process.platform === 'win32' ? 'node.exe' : 'node',
    '-e',
    "setInterval(() => console.log('hello'), 1000)",
  ];
  return {
    from: null,
    services: [{ name: 'hello', command, notes: ['An example: put your own program here.'] }],
    envFiles: [],
    notTakenOver: [],
  };
}

async function readIfExists(path: string): Promise<string | null> {
  const { readFile } = await import('node:fs/promises');
  return readFile(path, 'utf8').catch(() => null); // missing or unreadable: nothing to detect
}

/** The schema of an installed orch, so that editors complete. */
function findSchema(directory: string): string | null {
  const path = 'node_modules/orch/schema/procs.schema.json';
  return existsSync(join(directory, path)) ? `./${path}` : null;
}

function reportDraft(context: CliContext, draft: Draft): void {
  const name = basename(context.file);
  const services = draft.services.map((service) => service.name);
  if (context.json) {
    context.stdout.write(
      `${JSON.stringify({ file: name, from: draft.from, services, notTakenOver: draft.notTakenOver })}\n`,
    );
    return;
  }
  const origin = draft.from ? ` from ${draft.from}` : '';
  const notTakenOver = draft.notTakenOver.map((sentence) => `  not taken over: ${sentence}\n`).join('');
  context.stdout.write(`wrote ${name}${origin}: ${services.join(', ')}\n${notTakenOver}start it with \`orch up\`\n`);
}
