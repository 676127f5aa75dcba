// `orch export`: the configuration in the files of another tool, and a loss report. Overwrites nothing without --force.
import { resolve } from 'node:path';
import { EXPORT_TOOLS } from '../../export/export-tools.ts';
import { escapeControls } from '../../terminal/sanitize.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';
import { fail } from '../context/errors.ts';

type ExportOptions = { out?: string; force?: boolean; image?: string[] };

const TOOLS = `${EXPORT_TOOLS.slice(0, -1).join(', ')} or ${EXPORT_TOOLS.at(-1)}`;

export const exportCommand: CommandDefinition<ExportOptions> = {
  name: 'export',
  group: 'Configuration',
  summary: 'print the configuration in the files of another tool',
  details: [
    `TOOL is ${TOOLS}.`,
    'The result goes to stdout, the loss report to stderr: each key is carried exactly, nearly (and how it differs), or not.',
    'Secrets and the values of env files are not printed: the other tool reads them where they are.',
  ].join(' '),
  arguments: [{ syntax: '<tool>', description: TOOLS, completes: 'export' }],
  options: [
    { flags: '--out <directory>', description: 'write the files there', completes: 'file' },
    {
      flags: '--image <images>',
      description: 'for compose: IMAGE of all services, SERVICE=IMAGE of one; with commas',
      value: { kind: 'list' },
    },
    { flags: '--force', description: 'overwrite files that exist' },
  ],
  examples: [
    ['orch export procfile', 'print a Procfile'],
    ['orch -e prod export systemd --out units', 'write the units of prod'],
    ['orch export compose --image node:22,db=postgres:17 --out .', 'write compose.yaml'],
    ['orch export supervisord --json', 'files and report, for programs'],
  ],
  run: runExport,
};

/** Exit code 2 if the configuration is rejected or a file cannot be written. */
async function runExport(context: CliContext, options: ExportOptions, names: string[]): Promise<ExitCode> {
  const [{ loadTreeOrPrint }, { exportProject }, { formatReport }, { findProgram }] = await Promise.all([
    import('../context/configuration.ts'),
    import('../../export/export-project.ts'),
    import('../../import/output/loss-report.ts'),
    import('../export/find-program.ts'),
  ]);
  const tool = EXPORT_TOOLS.find((name) => name === names[0]);
  if (tool === undefined)
    return fail(context, {
      code: 'usage',
      message: `${names[0]} is not a tool that orch exports to`,
      hint: `one of ${EXPORT_TOOLS.join(', ')}`,
    });
  const loaded = await loadTreeOrPrint(context);
  if (!loaded) return 2;
  const { config } = loaded.built;
  const images = Object.fromEntries((options.image ?? []).map(readImage));
  const unknown = Object.keys(images).find((name) => name !== '' && !config.services.some((one) => one.name === name));
  if (unknown !== undefined || (options.image && tool !== 'compose'))
    return fail(context, {
      code: 'usage',
      message:
        unknown === undefined ? '--image is for compose alone' : `--image: the project has no service "${unknown}"`,
    });
  const result = exportProject(tool, loaded.built, {
    directory: options.out === undefined ? config.root : resolve(context.cwd, options.out),
    findProgram: findProgram(context.environment.PATH ?? ''),
    images,
  });
  if (options.out !== undefined) {
    const written = await writeFiles(result.files, options.out, context.cwd, options.force ?? false);
    if ('message' in written) return fail(context, { code: 'usage', ...written });
    if (context.json) context.stdout.write(`${JSON.stringify({ ...result, written: written.files })}\n`);
    else context.stdout.write(`wrote ${escapeControls(written.files.join(', '))}\n`);
  } else context.stdout.write(context.json ? `${JSON.stringify(result)}\n` : printFiles(result.files));
  if (!context.json) context.stderr.write(`${formatReport(result.findings).map(escapeControls).join('\n')}\n`);
  return 0;
}

/** `''`: of all services that are not named. */
function readImage(text: string): [service: string, image: string] {
  const end = text.indexOf('=');
  return end === -1 ? ['', text] : [text.slice(0, end), text.slice(end + 1)];
}

/** Several files, each below its name. */
function printFiles(files: Record<string, string>): string {
  const entries = Object.entries(files);
  if (entries.length === 1) return entries[0]![1];
  return entries.map(([name, text]) => `# ${name}\n${text}`).join('\n');
}

/** All files or none. @returns their names, or why they cannot be written */
async function writeFiles(
  files: Record<string, string>,
  out: string,
  cwd: string,
  isForced: boolean,
): Promise<{ files: string[] } | { message: string; hint?: string }> {
  const [{ existsSync }, { mkdir, writeFile }, { join, resolve }] = await Promise.all([
    import('node:fs'),
    import('node:fs/promises'),
    import('node:path'),
  ]);
  const directory = resolve(cwd, out);
  const existing = Object.keys(files).find((name) => existsSync(join(directory, name)));
  if (existing !== undefined && !isForced)
    return { message: `${join(out, existing)} already exists`, hint: '--force overwrites it' };
  try {
    await mkdir(directory, { recursive: true });
    for (const [name, text] of Object.entries(files))
      await writeFile(join(directory, name), text, { flag: isForced ? 'w' : 'wx' });
  } catch (error) {
    return { message: `cannot write to ${out}: ${(error as Error).message}` };
  }
  return { files: Object.keys(files).map((name) => join(out, name)) };
}
