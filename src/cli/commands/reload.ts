// `orch reload NAME…`: running programs read their own configuration again, as `reload` of their service says.

import type { CliContext, ExitCode } from '../context/context.ts';
import { type CommandDefinition, exceptOption, requiredNames } from '../context/definition.ts';
import { withSupervisor } from '../context/running-project.ts';
import { type SelectionOptions, selectRunning } from '../context/selection.ts';

export const reloadCommand: CommandDefinition<SelectionOptions> = {
  name: 'reload',
  group: 'Change',
  summary: 'let running programs read their configuration again',
  details: [
    'Sends the signal, or runs the command, that `reload` of the service names, for each running instance. Nothing is',
    'restarted. A service without `reload` is refused. Exit code 1: an instance is not reloaded.',
  ].join(' '),
  arguments: requiredNames,
  options: [exceptOption],
  examples: [
    ['orch reload nginx', 'after an edit of nginx.conf'],
    ['orch reload tag:proxy', 'all services with the tag'],
  ],
  run: (context, options, names) => runReload(context, options, names),
};

function runReload(context: CliContext, options: SelectionOptions, words: string[]): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const names = await selectRunning(client, words, options, 'look');
    const answers = await Promise.allSettled(names.map((name) => client.request('reload', { name })));
    const instances = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.instances : []));
    if (context.json && instances.length > 0) context.stdout.write(`${JSON.stringify({ instances })}\n`);
    for (const { id, how, error } of instances) {
      if (error !== null) context.stderr.write(`error: ${id} is not reloaded: ${error}\n`);
      else if (!context.json) context.stdout.write(`reloaded ${id} (${how})\n`);
    }
    const refused = answers.find((answer) => answer.status === 'rejected');
    if (refused) throw refused.reason;
    return instances.every(({ error }) => error === null) ? 0 : 1;
  });
}
