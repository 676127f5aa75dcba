// `orch signal NAME SIGNAL`: sends a signal to running instances, for example to let them read their configuration again.
import type { CliContext, ExitCode } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';
import { withSupervisor } from '../context/running-project.ts';

export const signalCommand: CommandDefinition = {
  name: 'signal',
  group: 'Change',
  summary: 'send a signal to running instances',
  details: [
    'The main process of each instance gets it. An instance that ends from it is restarted as its `restart` says:',
    '`orch stop` and `orch restart` are for that.',
  ].join(' '),
  arguments: [
    { syntax: '<name>', description: 'a service (`api`) or an instance (`api.2`)', completes: 'name' },
    { syntax: '<signal>', description: 'such as SIGHUP or HUP' },
  ],
  options: [],
  examples: [['orch signal nginx HUP', 'it reads its configuration again']],
  run: (context, _options, [name, signal]) => sendSignal(context, name!, signal!),
};

function sendSignal(context: CliContext, name: string, signal: string): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const { instances } = await client.request('signal', { name, signal });
    const text = `sent ${signal.toUpperCase().replace(/^(SIG)?/, 'SIG')} to ${instances.join(', ')}`;
    context.stdout.write(`${context.json ? JSON.stringify({ instances }) : text}\n`);
    return 0;
  });
}
