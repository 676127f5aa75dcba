// `orch init`: writes a procs.yaml for the project that lies there. Never overwrites one.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { CliContext, ExitCode } from '../context/context.ts';
import { fail } from '../context/errors.ts';
import type { Draft } from '../init/draft.ts';
import { toServiceName } from '../init/draft.ts';

const COMPOSE_FILES = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];

/** Exit 2 when there is one already or the directory is missing. */
export async function runInit(context: CliContext): Promise<ExitCode> {
  const { file } = context;
  const directory = dirname(file);
  if (existsSync(file)) return fail(context, alreadyExists(file));
  const [{ printDraft }, draft] = await Promise.all([import('../init/write-draft.ts'), detect(directory)]);
  const text = printDraft(toServiceName(basename(directory)), draft, findSchema(directory));
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return fail(context, alreadyExists(file));
    return fail(context, { code: 'usage', message: `${file} cannot be written: ${(error as Error).message}` });
  }
  reportDraft(context, draft);
  return 0;
}

const alreadyExists = (file: string) => ({
  code: 'usage',
  message: `${basename(file)} is there already`,
  hint: '`orch validate` checks it; remove or rename it to begin anew',
});

/** Procfile before compose file before package.json: the nearer it is to ours, the better it fits. */
async function detect(directory: string): Promise<Draft> {
  const draft =
    (await detectProcfile(directory)) ??
    (await detectCompose(directory)) ??
    (await detectPackage(directory)) ??
    sample();
  return existsSync(join(directory, '.env')) ? { ...draft, envFiles: ['?.env'] } : draft;
}

async function detectProcfile(directory: string): Promise<Draft | null> {
  const text = await readIfThere(join(directory, 'Procfile'));
  if (text === null) return null;
  const { draftFromProcfile } = await import('../init/procfile.ts');
  const draft = draftFromProcfile(text);
  return draft.services.length > 0 ? draft : null;
}

async function detectCompose(directory: string): Promise<Draft | null> {
  const { draftFromCompose } = await import('../init/compose.ts');
  for (const name of COMPOSE_FILES) {
    const text = await readIfThere(join(directory, name));
    const draft = text === null ? null : draftFromCompose(text, name);
    if (draft) return draft;
  }
  return null;
}

async function detectPackage(directory: string): Promise<Draft | null> {
  const text = await readIfThere(join(directory, 'package.json'));
  if (text === null) return null;
  const { draftFromPackage } = await import('../init/package-scripts.ts');
  const locks = { 'pnpm-lock.yaml': 'pnpm', 'yarn.lock': 'yarn', 'bun.lockb': 'bun', 'bun.lock': 'bun' };
  const runner = Object.entries(locks).find(([lock]) => existsSync(join(directory, lock)))?.[1] ?? 'npm';
  return draftFromPackage(text, runner);
}

/** Runs wherever orch does, and shows something. */
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
    lost: [],
  };
}

async function readIfThere(path: string): Promise<string | null> {
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
    context.stdout.write(`${JSON.stringify({ file: name, from: draft.from, services, notTakenOver: draft.lost })}\n`);
    return;
  }
  const origin = draft.from ? ` from ${draft.from}` : '';
  const lost = draft.lost.map((sentence) => `  not taken over: ${sentence}\n`).join('');
  context.stdout.write(`wrote ${name}${origin}: ${services.join(', ')}\n${lost}start it with \`orch up\`\n`);
}
