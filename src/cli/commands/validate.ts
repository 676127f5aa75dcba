// `orch validate`: checks the configuration without running anything.
import { escapeControls } from '../../terminal/sanitize.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';

export const validateCommand: CommandDefinition = {
  name: 'validate',
  group: 'Configuration',
  summary: 'check procs.yaml without running anything',
  details: 'Prints every problem with file, line and column. Exit code: 0 valid, 2 problems.',
  arguments: [],
  options: [],
  examples: [
    ['orch validate', 'for a commit hook or CI'],
    ['orch -e prod validate', 'together with the overlay procs.prod.yaml'],
  ],
  run: runValidate,
};

/** Problems on stderr and exit 2; otherwise one line on stdout, or `{ok, files, services, logQueues, warnings}`. */
async function runValidate(context: CliContext): Promise<ExitCode> {
  const { loadOrPrint } = await import('../context/configuration.ts');
  const accepted = await loadOrPrint(context);
  if (!accepted) return 2;
  const { config, files, warnings } = accepted;
  const services = config.services.map(({ name }) => name as string);
  const logQueues = config.logQueues.map(({ name }) => name);
  const text = context.json
    ? JSON.stringify({ ok: true, files, services, logQueues, warnings })
    : `${files.join(', ')}: valid, ${count(services.length, 'service')}, ${count(logQueues.length, 'log queue')}`;
  context.stdout.write(`${context.json ? text : escapeControls(text)}\n`);
  return 0;
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
