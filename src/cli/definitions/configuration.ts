// Commands about the files.
import type { CommandDefinition } from '../context/definition.ts';

const group = 'Configuration';

export const configurationCommands: CommandDefinition[] = [
  {
    name: 'init',
    group,
    summary: 'write a first procs.yaml',
    details:
      'Commented, made of what it finds: package.json scripts, a Procfile, a compose file. Never overwrites one.',
    arguments: [],
    options: [],
    examples: [['orch init', 'then read the file, and `orch up`']],
    inCurrentDirectory: true,
    run: async (context) => (await import('../commands/init.ts')).runInit(context),
  },
  {
    name: 'validate',
    group,
    summary: 'check procs.yaml without running anything',
    details: 'Prints every problem with file, line and column. Exit code: 0 good, 2 problems.',
    arguments: [],
    options: [],
    examples: [
      ['orch validate', 'for a commit hook or CI'],
      ['orch -e prod validate', 'together with the overlay procs.prod.yaml'],
    ],
    run: async (context) => (await import('../commands/validate.ts')).runValidate(context),
  },
  {
    name: 'config',
    group,
    summary: 'print the configuration as it takes effect',
    details: 'Merged from all files, expanded, secrets masked.',
    arguments: [],
    options: [{ flags: '--explain', description: 'name the file and line of every value' }],
    examples: [
      ['orch -e prod config', 'what prod really is'],
      ['orch config --explain', 'where every value comes from'],
    ],
    run: async (context, options) => (await import('../commands/config.ts')).runConfig(context, options),
  },
];
