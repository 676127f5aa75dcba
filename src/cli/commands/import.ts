// `orch import`: the files of another tool -> procs.yaml and a loss report. Overwrites nothing without --force.
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { escapeControls } from '../../terminal/sanitize.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';
import { fail } from '../context/errors.ts';

type ImportOptions = { from?: string; output?: string; write?: boolean; force?: boolean };

const TOOLS =
  'process-compose, pm2, supervisord, compose, mprocs, systemd, pitchfork, a Procfile, and scripts of package.json';

export const importCommand: CommandDefinition<ImportOptions> = {
  name: 'import',
  group: 'Configuration',
  summary: 'make a procs.yaml from the files of another tool',
  details: [
    `Reads ${TOOLS}.`,
    'The result goes to stdout, the loss report to stderr: each key is carried exactly, nearly (and how it differs), or not.',
    'A JavaScript file of pm2 is evaluated in a process without network.',
  ].join(' '),
  arguments: [{ syntax: '<files...>', description: 'files of the other tool', completes: 'file' }],
  options: [
    { flags: '--from <tool>', description: 'the tool, where neither name nor contents of the file tell it' },
    { flags: '-o, --output <file>', description: 'write to this file', completes: 'file' },
    { flags: '--write', description: 'write procs.yaml, and the overlays of environments next to it' },
    { flags: '--force', description: 'overwrite files that exist' },
  ],
  examples: [
    ['orch import process-compose.yaml', 'print what it becomes'],
    ['orch import --write ecosystem.config.js', 'write procs.yaml'],
    ['orch import --json /etc/supervisor/conf.d/*.conf', 'files and report, for programs'],
  ],
  inCurrentDirectory: true,
  run: runImport,
};

/** Exit code 2 if a file cannot be read, imported or written. */
async function runImport(context: CliContext, options: ImportOptions, names: string[]): Promise<ExitCode> {
  const [{ importFiles }, { FORMATS }, { ImportProblem }, { formatReport }, { readInputs }, { evaluateScript }] =
    await Promise.all([
      import('../../import/import-files.ts'),
      import('../../import/detect-format.ts'),
      import('../../import/model/import-context.ts'),
      import('../../import/output/loss-report.ts'),
      import('../import/read-inputs.ts'),
      import('../import/evaluate-script.ts'),
    ]);
  const format = FORMATS.find((name) => name === options.from) ?? null;
  if (options.from !== undefined && format === null)
    return fail(context, {
      code: 'usage',
      message: `${options.from} is not a tool that orch imports from`,
      hint: `one of ${FORMATS.join(', ')}`,
    });
  const target = options.output === undefined ? context.file : resolve(context.cwd, options.output);
  const directory = options.output === undefined && !options.write ? context.cwd : dirname(target);
  try {
    const inputs = readInputs(names, context.cwd, directory);
    const { listNear, readNear } = await import('../import/read-inputs.ts');
    const { installedSchema } = await import('../context/schema-copy.ts');
    const result = await importFiles({
      inputs,
      format,
      read: (file) => readNear(directory, file),
      list: (pattern) => listNear(directory, pattern),
      evaluate: (file, environment) => evaluateScript(resolve(directory, file), environment),
      schema: installedSchema(directory),
    });
    const report = formatReport(result.findings);
    if (options.output !== undefined || options.write) {
      const written = await writeFiles(result.files, target, options.force ?? false);
      if ('message' in written) return fail(context, { code: 'usage', ...written });
      if (context.json) context.stdout.write(`${JSON.stringify({ ...result, written: written.files })}\n`);
      else context.stdout.write(`wrote ${written.files.join(', ')}: ${result.services.join(', ')}\n`);
    } else if (context.json) context.stdout.write(`${JSON.stringify(result)}\n`);
    else context.stdout.write(result.files['procs.yaml']!);
    if (!context.json)
      context.stderr.write(`${report.map(escapeControls).join('\n')}\n${hintOfOverlays(result.files, options)}`);
    return 0;
  } catch (error) {
    if (!(error instanceof ImportProblem)) throw error;
    const { file, line, message } = error;
    return fail(context, { code: 'config', message, file, ...(line === undefined ? {} : { line }) });
  }
}

function hintOfOverlays(files: Record<string, string>, { output, write }: ImportOptions): string {
  const overlays = Object.keys(files).filter((name) => name !== 'procs.yaml');
  if (overlays.length === 0 || output !== undefined || write) return '';
  return `hint: --write also writes ${overlays.join(', ')}\n`;
}

/** All files or none. @returns their names, or why they cannot be written */
async function writeFiles(
  files: Record<string, string>,
  target: string,
  isForced: boolean,
): Promise<{ files: string[] } | { message: string; hint?: string }> {
  const { existsSync } = await import('node:fs');
  const { writeFile } = await import('node:fs/promises');
  const base = basename(target).replace(/\.ya?ml$/, '');
  const placed = Object.entries(files).map(([name, text]) => {
    const own = name === 'procs.yaml' ? basename(target) : name.replace(/^procs/, base);
    return { path: join(dirname(target), own), text };
  });
  const existing = placed.find(({ path }) => existsSync(path));
  if (existing && !isForced)
    return { message: `${basename(existing.path)} already exists`, hint: '--force overwrites it' };
  try {
    for (const { path, text } of placed) await writeFile(path, text, { flag: isForced ? 'w' : 'wx' });
  } catch (error) {
    return { message: `cannot write ${target}: ${(error as Error).message}` };
  }
  return { files: placed.map(({ path }) => relative(process.cwd(), path).split(sep).join('/')) };
}
