// `orch init`: writes a first procs.yaml from what it finds in the directory. Never overwrites one.
import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { escapeControls } from '../../terminal/sanitize.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';
import { fail } from '../context/errors.ts';

export const initCommand: CommandDefinition = {
  name: 'init',
  group: 'Configuration',
  summary: 'write a first procs.yaml',
  details:
    'With comments, from a Procfile, the file of another tool, a compose file, or scripts of package.json. Lists what it saw and did not take. Lets git ignore procs.local.yaml. Never overwrites a file.',
  arguments: [],
  options: [],
  examples: [['orch init', 'then read the file, and `orch up`']],
  inCurrentDirectory: true,
  run: runInit,
};

/** Exit code 2 if the file exists or cannot be written. */
async function runInit(context: CliContext): Promise<ExitCode> {
  const { file } = context;
  const directory = dirname(file);
  if (existsSync(file)) return fail(context, alreadyExists(file));
  const { writeFile } = await import('node:fs/promises');
  const [{ printFirstFile }, { detectProject }, { provideSchema, schemaFor }] = await Promise.all([
    import('../init/print-first-file.ts'),
    import('../init/detect-project.ts'),
    import('../context/schema-copy.ts'),
  ]);
  const detected = await detectProject(directory);
  const text = printFirstFile(basename(directory), detected, schemaFor(directory));
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return fail(context, alreadyExists(file));
    return fail(context, { code: 'usage', message: `cannot write ${file}: ${(error as Error).message}` });
  }
  provideSchema(directory, text);
  const { ignorePersonalOverlay } = await import('../init/ignore-personal.ts');
  const ignored = await ignorePersonalOverlay(file);
  const services = detected.project.services.map(({ name }) => name);
  report(context, services, { ...detected, ignored });
  return 0;
}

const alreadyExists = (file: string) => ({
  code: 'usage',
  message: `${basename(file)} already exists`,
  hint: '`orch validate` checks it; remove or rename it to start over',
});

/** `ignored`: the line that was added to .gitignore. */
type FirstFileReport = { from: string | null; notTakenOver: string[]; ignored: string | null };

function report(context: CliContext, services: string[], { from, notTakenOver, ignored }: FirstFileReport): void {
  const file = basename(context.file);
  if (context.json) {
    context.stdout.write(`${JSON.stringify({ file, from, services, notTakenOver, ignored })}\n`);
    return;
  }
  const lost = notTakenOver.map((sentence) => `  not taken over: ${escapeControls(sentence)}\n`).join('');
  const personal =
    ignored === null ? '' : `  added ${escapeControls(ignored)}, for changes that are yours alone, to .gitignore\n`;
  const origin = from ? ` from ${from}` : '';
  context.stdout.write(
    `wrote ${escapeControls(file)}${origin}: ${services.join(', ')}\n${lost}${personal}start it with \`orch up\`\n`,
  );
}
