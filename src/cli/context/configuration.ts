// Loads the configuration for a command and shows its problems. The only place where a command meets the config part, so
// that yaml and ajv are loaded by none that does not need them.
import { basename } from 'node:path';
import type { Client } from '../../api/client.ts';
import type { WireError } from '../../api/protocol.ts';
import { formatProblems } from '../../config/problem/format-problems.ts';
import { suggestionHint } from '../../config/problem/suggest.ts';
import type { AcceptedConfig, Problem, ProjectConfig } from '../../core/model.ts';
import type { CliContext } from './context.ts';
import { fail } from './errors.ts';

/** @returns null after printing every problem; the exit code is then 2. */
export async function loadOrPrint(context: CliContext): Promise<AcceptedConfig | null> {
  const { loadConfig } = await import('../../config/load-config.ts');
  const { file, env, environment } = context;
  const loaded = await loadConfig({ file, env, environment });
  if (!loaded.ok) {
    printProblems(context, loaded.problems);
    return null;
  }
  printWarnings(context, loaded.accepted.warnings);
  return loaded.accepted;
}

/** @returns false after printing which of `names` is no service. */
export function checkServiceNames(context: CliContext, config: ProjectConfig, names: string[]): boolean {
  const known = config.services.map(({ name }) => name as string);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return true;
  fail(context, {
    code: 'not-found',
    message: `no service "${unknown}" in ${basename(context.file)}`,
    hint: suggestionHint(unknown, known, 'services') ?? 'no services are declared',
  });
  return false;
}

// Problems of a configuration on stderr, for people, and with --json as an object on stdout.

/**
 * stderr: every problem as `error: file:line:column: message`, the offending line with a caret, a hint.
 * With --json on stdout: `{"error": {code, message, file?, line?, column?, hint?}, "problems": [...]}`, `error` being the
 * first of them.
 */
export function printProblems(context: CliContext, problems: Problem[]): void {
  const colour = context.colour && context.stderr.isTTY === true;
  context.stderr.write(`${formatProblems(problems, { colour })}\n`);
  const first = problems.find(({ severity }) => severity === 'error');
  if (context.json && first) context.stdout.write(`${JSON.stringify({ error: toWireError(first), problems })}\n`);
}

export function printWarnings(context: CliContext, warnings: Problem[]): void {
  const colour = context.colour && context.stderr.isTTY === true;
  if (warnings.length > 0) context.stderr.write(`${formatProblems(warnings, { colour })}\n`);
}

/** For where one error has to stand for all. */
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

// Writes pool sizes into the files and makes sure that the supervisor has taken them up. For `orch scale` and the TUI.

type ScaleContext = Pick<CliContext, 'file' | 'env' | 'environment'>;

/**
 * The file is the one that runs, whatever it is called. Where no environment is given it is the one that runs, too: its
 * overlay may have the last word on the size.
 * @param client null: no supervisor runs, the files alone are edited.
 * @returns what stands against it; empty when it is done. The supervisor watches the files anyway; asking it makes sure
 * that what was wanted has begun.
 */
export async function scaleInFile(
  { file, env: givenEnv, environment }: ScaleContext,
  client: Client | null,
  sizes: Record<string, number>,
): Promise<Problem[]> {
  const { editPoolSizes } = await import('../../config/edit-pool.ts');
  const env = givenEnv ?? (client && (await client.request('status', {})).env);
  const inForce = client && (await client.request('hello', {})).file;
  const edited = await editPoolSizes({ file: inForce ?? file, env, environment }, sizes);
  if (!edited.ok) return edited.problems;
  if (!client) return [];
  const { problems } = await client.request('apply', { accepted: null, only: null });
  return problems;
}
