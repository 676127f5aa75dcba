// Commands about the shell and the terminal.
import type { CommandDefinition } from '../context/definition.ts';

const group = 'Shell';

export const shellCommands: CommandDefinition[] = [
  {
    name: 'completion',
    group,
    summary: 'print the completion script of a shell',
    details: 'Completes commands, options, services and instances.',
    arguments: [{ syntax: '<shell>', description: 'bash, zsh or fish', completes: 'shell' }],
    options: [],
    examples: [
      ['source <(orch completion bash)', 'in ~/.bashrc; zsh alike'],
      ['orch completion fish | source', 'in config.fish'],
    ],
    run: async (context, _options, names) => (await import('../commands/completion.ts')).runCompletion(context, names),
  },
  {
    name: 'reset-term',
    group,
    summary: 'put a terminal back in order',
    details: 'For when a program died and left the cursor hidden, the mouse captured or the colours wrong.',
    arguments: [],
    options: [],
    examples: [['orch reset-term', 'type it blindly if need be']],
    run: async (context) => (await import('../commands/reset-term.ts')).runResetTerm(context),
  },
  {
    name: '__complete',
    group,
    summary: 'answer the completion script',
    details: '',
    arguments: [{ syntax: '[words...]', description: 'the line up to the cursor' }],
    options: [],
    examples: [['orch __complete -- start a', 'names that begin with a']],
    hidden: true,
    run: async (context, _options, names) => (await import('../commands/completion.ts')).runComplete(context, names),
  },
];
