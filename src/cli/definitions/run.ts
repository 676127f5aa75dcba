// Commands that run a project and show it.
import type { CommandDefinition } from '../context/definition.ts';
import { timeoutOption } from '../context/definition.ts';

const group = 'Run';

export const runCommands: CommandDefinition[] = [
  {
    name: 'up',
    group,
    summary: 'start the project, or apply the file to what runs',
    details: [
      'Starts the supervisor if none runs, applies procs.yaml and shows it: in a terminal as a full-screen view, elsewhere',
      'as prefixed lines. From then on edits of the file apply by themselves. Leaving the view stops everything, unless',
      'you detach (d) or the supervisor was already running.',
    ].join(' '),
    arguments: [
      { syntax: '[services...]', description: 'run just these and what they depend on', completes: 'service' },
    ],
    options: [
      { flags: '-d, --detach', description: 'return at once and leave it running in the background' },
      { flags: '--wait', description: 'with -d: return when everything is as declared' },
      timeoutOption('with --wait: how long to wait'),
      { flags: '--profile <names>', description: 'run the services of these profiles (a,b), and of no others' },
      { flags: '--no-tui', description: 'print prefixed lines even in a terminal' },
    ],
    examples: [
      ['orch up', 'watch it; Ctrl-C stops everything in order'],
      ['orch up -d --wait --timeout 60s', 'in the background, for scripts and deployments'],
      ['orch -e prod up -d', 'with the overlay procs.prod.yaml'],
      ['orch up --profile debug', 'with the services of that profile'],
      ['orch up api', 'just api and what it depends on'],
    ],
    run: async (context, options, names) => (await import('../commands/up.ts')).runUp(context, options, names),
  },
  {
    name: 'down',
    group,
    summary: 'stop everything, then the supervisor',
    details: 'Dependents stop before what they depend on. Returns only when no process is left.',
    arguments: [],
    options: [timeoutOption('after this, kill what is left (default: each service has its own grace period)')],
    examples: [
      ['orch down', 'each service has its grace period'],
      ['orch down --timeout 0', 'kill everything at once'],
    ],
    run: async (context, options) => (await import('../up/take-down.ts')).runDown(context, options),
  },
  {
    name: 'upgrade',
    group,
    summary: 'let this version of orch take over from the supervisor that runs',
    details: 'Nothing is restarted: the older supervisor leaves, the new one adopts what runs, and applies the file.',
    arguments: [],
    options: [],
    examples: [['orch upgrade', 'after an update']],
    run: async (context) => (await import('../commands/upgrade.ts')).runUpgrade(context),
  },
  {
    name: 'attach',
    group,
    summary: 'open the view of a running project',
    details: [
      'Leaving the view leaves everything running. Without a terminal: prefixed lines. With a name: types into that instance',
      '(its service needs `tty: true` or `stdin: true`) and shows what it prints; from a pipe, sends what comes. On a',
      'terminal (`tty`) every key goes to the program, but Ctrl-], which leaves.',
    ].join(' '),
    arguments: [{ syntax: '[name]', description: 'an instance with an input of its own', completes: 'name' }],
    options: [{ flags: '--no-tui', description: 'print prefixed lines even in a terminal' }],
    examples: [
      ['orch attach', 'q or Ctrl-C leaves, nothing is stopped'],
      ['orch attach console', 'type into console; Ctrl-] leaves (with `stdin`: Ctrl-D or Ctrl-C)'],
    ],
    run: async (context, options, [name]) => (await import('../commands/attach.ts')).runAttach(context, options, name),
  },
];
