// `orch exec`: another command in the place of an instance.
import { type CommandDefinition, setOption } from '../context/definition.ts';
import type { ExecOptions } from '../run/exec-command.ts';

export const execCommand: CommandDefinition<ExecOptions> = {
  name: 'exec',
  group: 'Run',
  summary: 'run a command in the directory and environment of an instance',
  details: [
    'The command runs in this terminal, and orch exits with its exit code. It does not belong to the instance: stopping that one',
    'does not end it.',
  ].join(' '),
  arguments: [
    { syntax: '<name>', description: 'an instance (`api.2`), or a service: its first running one', completes: 'name' },
    { syntax: '<command...>', description: 'after `--`: the command with its arguments', completes: 'file' },
  ],
  passesArguments: true,
  options: [setOption],
  examples: [
    ['orch exec api -- sh', 'look around'],
    ['orch exec db.1 -- psql -l', 'with its variables and secrets'],
    ['orch exec api -- env', 'what it was started with'],
  ],
  run: async (context, options, names) => (await import('../run/exec-command.ts')).execInPlace(context, options, names),
};
