// `orch run`: the program of a service, once, in this terminal.
import { type CommandDefinition, setOption, timeoutOption } from '../context/definition.ts';
import type { RunOptions } from '../run/run-service.ts';

export const runCommand: CommandDefinition<RunOptions> = {
  name: 'run',
  group: 'Run',
  summary: 'run the program of a service once, in this terminal',
  details: [
    'Starts what the service depends on and waits for it, then runs the program here with the directory and environment of the',
    'service and exits with its exit code. It is not an instance: it is not restarted, logged or counted, hooks do not run, and',
    'instances of the service keep running. Words after `--` are added to its command.',
  ].join(' '),
  arguments: [
    { syntax: '<service>', description: 'the service', completes: 'service' },
    { syntax: '[args...]', description: 'after `--`: arguments that are added to its command', completes: 'file' },
  ],
  passesArguments: true,
  options: [
    { flags: '--no-deps', description: 'do not start what it depends on' },
    setOption,
    { flags: '--down', description: 'afterwards stop the services that were started for it' },
    timeoutOption('how long to wait for what it depends on (default: without limit)'),
  ],
  examples: [
    ['orch run migrate', 'starts the database, then migrates'],
    ['orch run tests -- -t login', 'with more arguments'],
    ['orch run tests --set CI=1 --down', 'another variable; leaves nothing running that it started'],
  ],
  run: async (context, options, names) => (await import('../run/run-service.ts')).runService(context, options, names),
};
