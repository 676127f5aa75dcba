// `orch validate`: checks the configuration without running anything.

import { printable } from '../../terminal/colour.ts';
import { printProblems } from '../context/configuration.ts';
import type { CliContext, ExitCode } from '../context/context.ts';

/** Problems on stderr and exit 2; otherwise one line on stdout, or `{ok, files, services, logQueues, warnings}`. */
export async function runValidate(context: CliContext): Promise<ExitCode> {
  const { loadConfig } = await import('../../config/load-config.ts');
  const { file, env, environment } = context;
  const loaded = await loadConfig({ file, env, environment });
  if (!loaded.ok) {
    printProblems(context, loaded.problems);
    return 2;
  }
  const { config, files, warnings } = loaded.accepted;
  if (warnings.length > 0) printProblems({ ...context, json: false }, warnings);
  const services = config.services.map(({ name }) => name as string);
  const logQueues = config.logQueues.map(({ name }) => name);
  const text = context.json
    ? JSON.stringify({ ok: true, files, services, logQueues, warnings })
    : `${files.join(', ')}: good, ${count(services.length, 'service')}, ${count(logQueues.length, 'log queue')}`;
  context.stdout.write(`${context.json ? text : printable(text)}\n`);
  return 0;
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
