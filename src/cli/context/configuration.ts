// Loads the configuration for a command, prints its problems, writes pool sizes into it. Commands import this module only
// when they run: it leads to yaml and ajv.

import { basename } from 'node:path';
import type { Client } from '../../api/client.ts';
import type { WireError } from '../../api/protocol.ts';
import type { HeldEdit } from '../../api/protocol-edits.ts';
import type { BuiltConfig } from '../../config/build-config.ts';
import type { FileSource } from '../../config/files/file-source.ts';
import { formatProblems } from '../../config/problem/format-problems.ts';
import { groupHint, suggestionHint } from '../../config/problem/suggest.ts';
import type { AcceptedConfig, Problem } from '../../core/load-result.ts';
import type { ProjectConfig } from '../../core/spec.ts';
import type { CliContext } from './context.ts';
import { fail } from './errors.ts';
import { failRequest } from './running-project.ts';
import { declaredSelectables, type SelectionOptions, selectOf } from './selection.ts';

/** A commit to load from instead of the disk. */
type Revision = { ref: string; source: FileSource };

/** A configuration, and where its values are written. */
export type LoadedConfiguration = { accepted: AcceptedConfig; built: BuiltConfig };

/** @returns null after printing every problem; the exit code is then 2. Warnings are printed only for files on disk. */
export async function loadOrPrint(context: CliContext): Promise<AcceptedConfig | null> {
  return (await loadTreeOrPrint(context))?.accepted ?? null;
}

/** The same with the places of its values, of the disk or of a commit. */
export async function loadTreeOrPrint(context: CliContext, revision?: Revision): Promise<LoadedConfiguration | null> {
  const { loadTree } = await import('../../config/load-config.ts');
  const { file, env, environment, stateDir } = context;
  const loaded = await loadTree({ file, env, environment, stateDir, ...(revision && { source: revision.source }) });
  const { built, problems, watched, files } = loaded;
  if (built) {
    if (!revision && problems.length > 0) printProblems({ ...context, json: false }, problems);
    return { accepted: { config: built.config, watched, files, warnings: problems }, built };
  }
  // `main:procs.yaml`, as git names a file of a commit.
  const prefix = revision ? `${revision.ref}:` : '';
  printProblems(
    context,
    problems.map((problem) => ({ ...problem, file: prefix + problem.file })),
  );
  return null;
}

/** @returns the services that the words mean (none: all), or null after printing why a selector means none. */
export async function selectServices(
  context: CliContext,
  config: ProjectConfig,
  words: string[],
  options: SelectionOptions,
): Promise<string[] | null> {
  try {
    return await selectOf(declaredSelectables(config), words, options, 'start');
  } catch (error) {
    failRequest(context, error);
    return null;
  }
}

/** @returns false after printing the first of `names` that is not a service. */
export function checkServiceNames(context: CliContext, config: ProjectConfig, names: string[]): boolean {
  const known = config.services.map(({ name }) => name as string);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return true;
  fail(context, {
    code: 'not-found',
    message: `no service "${unknown}" in ${basename(context.file)}`,
    hint:
      groupHint(unknown, config.services) ?? suggestionHint(unknown, known, 'services') ?? 'no services are declared',
  });
  return false;
}

/**
 * stderr: every problem as `error: file:line:column: message`, the offending line with a caret, a hint.
 * With --json on stdout: `{"error": {code, message, file?, line?, column?, hint?}, "problems": [...]}`; `error` is the first.
 */
export function printProblems(context: CliContext, problems: Problem[]): void {
  const colour = context.colour && context.stderr.isTTY === true;
  context.stderr.write(`${formatProblems(problems, { colour })}\n`);
  const first = problems.find(({ severity }) => severity === 'error');
  if (context.json && first) context.stdout.write(`${JSON.stringify({ error: toWireError(first), problems })}\n`);
}

/** For callers that report only one problem. */
export function toWireError({ code, message, file, line, column, hint }: Problem): WireError {
  return {
    code,
    message,
    file,
    ...(line === null ? {} : { line }),
    ...(column === null ? {} : { column }),
    ...(hint === null ? {} : { hint }),
  };
}

type ScaleContext = Pick<CliContext, 'file' | 'env' | 'environment' | 'stateDir'>;

/**
 * Writes pool sizes into the files and waits until the supervisor has applied them. The file and the environment are those
 * that run, whatever was given: the overlay may define the size.
 * @param client null: no supervisor runs; the files alone are edited.
 * The file then decides: an override of `scale --ephemeral` is removed.
 * @returns `problems` that prevent it; empty on success. `removed`: the sizes of the overrides that were removed. `held`: the
 * sizes are in the files, but are not applied.
 */
export async function scaleInFile(
  { file, env, environment, stateDir }: ScaleContext,
  client: Client | null,
  sizes: Record<string, number>,
): Promise<{ problems: Problem[]; removed: Record<string, number>; held?: HeldEdit | undefined }> {
  const { editPoolSizes } = await import('../../config/edit-pool.ts');
  const running = client && (await runningConfiguration(client, environment));
  const edited = await editPoolSizes({ file, env, environment, stateDir, ...running }, sizes);
  const removed: Record<string, number> = {};
  if (!edited.ok) return { problems: edited.problems, removed };
  if (!client) return { problems: [], removed };
  const { problems, held } = await client.request('apply', { accepted: null, only: null, by: 'scale' });
  if (problems.length > 0 || held) return { problems, removed, held };
  // Only now, so that the pool never has its former size in between.
  for (const { name, override } of (await client.request('status', {})).services) {
    if (!Object.hasOwn(sizes, name) || override?.pool === undefined) continue;
    await client.request('scale', { service: name, size: null });
    removed[name] = override.pool;
  }
  return { problems, removed };
}

export async function runningConfiguration(
  client: Client,
  otherwise: CliContext['environment'],
): Promise<Partial<ScaleContext>> {
  const { appliedEnvironment } = await import('./applied-environment.ts');
  const { env, variables } = await appliedEnvironment(client, otherwise);
  const { file } = await client.request('hello', {});
  // An older supervisor does not report its file.
  return { env, environment: variables, ...(file && { file }) };
}
