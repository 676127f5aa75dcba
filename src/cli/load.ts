// Loads the configuration for a command and shows its problems. The only place where a command meets the config part, so
// that yaml and ajv are loaded by none that does not need them.
import { basename } from 'node:path';
import { suggestionHint } from '../config/suggest.ts';
import type { AcceptedConfig, ProjectConfig } from '../core/model.ts';
import type { CliContext } from './command.ts';
import { fail } from './errors.ts';
import { printProblems, printWarnings } from './problems.ts';

/** @returns null after printing every problem; the exit code is then 2. */
export async function loadOrPrint(context: CliContext): Promise<AcceptedConfig | null> {
  const { loadConfig } = await import('../config/load.ts');
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
export function areServices(context: CliContext, config: ProjectConfig, names: string[]): boolean {
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
