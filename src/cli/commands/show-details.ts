// `orch show NAME…`: prints all that is known about a service or an instance.
import { ClientError } from '../../api/client.ts';
import { painter } from '../../terminal/colour.ts';
import type { Details } from '../../tui/model/details.ts';
import { type CliContext, type ExitCode, tableWidth } from '../context/context.ts';
import { type CommandDefinition, exceptOption, requiredNames } from '../context/definition.ts';
import { withSupervisor } from '../context/running-project.ts';
import { type SelectionOptions, selectRunning } from '../context/selection.ts';

export const showCommand: CommandDefinition<SelectionOptions> = {
  name: 'show',
  group: 'Look',
  summary: 'show everything known about a service or an instance',
  details: [
    'State, why, dependencies both ways, every value of its configuration with the file and line that it comes from (secrets',
    'masked), the tree of processes, the last attempts of each probe, the last exits with what was written to stderr before, the log queues, the last lines of stderr, the last events. The view shows the same on the key i.',
  ].join(' '),
  arguments: requiredNames,
  options: [exceptOption],
  examples: [
    ['orch show api', 'a service with all its instances'],
    ['orch show api.2', 'one instance'],
    ['orch show api --json', 'for programs'],
  ],
  run: runShow,
};

function runShow(context: CliContext, options: SelectionOptions, words: string[]): Promise<ExitCode> {
  return withSupervisor(context, async (client, paths) => {
    const [{ readDetails }, { formatDetails }] = await Promise.all([
      import('../details/read-details.ts'),
      import('../format/details-text.ts'),
    ]);
    const found: Details[] = [];
    for (const name of await selectRunning(client, words, options, 'look')) {
      const details = await readDetails(context, client, paths, name);
      if (details === null) throw new ClientError(unknownName(name));
      found.push(details);
    }
    const paint = painter(context.colour);
    const text = context.json
      ? JSON.stringify({ details: found })
      : found.map((details) => formatDetails(details, paint, tableWidth(context))).join('\n\n');
    context.stdout.write(`${text}\n`);
    return 0;
  });
}

const unknownName = (name: string) => ({
  code: 'not-found',
  message: `no service or instance is named "${name}"`,
  hint: 'see `orch ps`',
});
