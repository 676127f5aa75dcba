// `orch signal NAME SIGNAL`: sends a signal to running instances, for example to let them read their configuration again.
import type { CliContext, ExitCode } from '../context/context.ts';
import { type CommandDefinition, exceptOption, requiredNames } from '../context/definition.ts';
import { withSupervisor } from '../context/running-project.ts';
import { type SelectionOptions, selectRunning } from '../context/selection.ts';

export const signalCommand: CommandDefinition<SelectionOptions> = {
  name: 'signal',
  group: 'Change',
  summary: 'send a signal to running instances',
  details: [
    'The main process of each instance gets it. An instance that ends from it is restarted as its `restart` says:',
    '`orch stop` and `orch restart` are for that.',
  ].join(' '),
  arguments: [
    { ...requiredNames[0]!, syntax: '<name>' },
    { syntax: '<signal>', description: 'such as SIGHUP or HUP' },
  ],
  options: [exceptOption],
  examples: [
    ['orch signal nginx HUP', 'it reads its configuration again'],
    ['orch signal tag:web USR2', 'those services with the tag that run'],
  ],
  run: (context, options, [name, signal]) => sendSignal(context, options, name!, signal!),
};

function sendSignal(context: CliContext, options: SelectionOptions, word: string, signal: string): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const names = await selectRunning(client, [word], options, 'look');
    const answers = await Promise.allSettled(names.map((name) => client.request('signal', { name, signal })));
    const instances = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.instances : []));
    const failed = answers.find((answer) => answer.status === 'rejected');
    // Of several that a selector means, those that run get it.
    if (failed && instances.length === 0) throw failed.reason;
    const text = `sent ${signal.toUpperCase().replace(/^(SIG)?/, 'SIG')} to ${instances.join(', ')}`;
    context.stdout.write(`${context.json ? JSON.stringify({ instances }) : text}\n`);
    return 0;
  });
}
