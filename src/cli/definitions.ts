// Every command of orch, as plain tables: what commander, help, completion and the reference page are made of.
// Holds no behaviour but loading the module that has it: reading the tables must cost nothing.
import type { ArgumentDefinition, CommandDefinition, OptionDefinition } from './definition.ts';
import { psDefinition } from './ps-definition.ts';

const run = 'Run';
const look = 'Look';
const change = 'Change';
const configuration = 'Configuration';
const shell = 'Shell';

const someNames: ArgumentDefinition[] = [
  { syntax: '[names...]', description: 'services (`api`) or instances (`api.2`); default: all', completes: 'name' },
];
const theNames: ArgumentDefinition[] = [
  { syntax: '<names...>', description: 'services (`api`) or instances (`api.2`)', completes: 'name' },
];
const timeout = (description: string): OptionDefinition => ({
  flags: '--timeout <duration>',
  description: `${description} (such as 500ms, 30s, 5m)`,
  value: { kind: 'duration' },
});

export const commands: CommandDefinition[] = [
  {
    name: 'up',
    group: run,
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
      timeout('with --wait: how long to wait'),
      { flags: '--no-tui', description: 'print prefixed lines even in a terminal' },
    ],
    examples: [
      ['orch up', 'watch it; Ctrl-C stops everything in order'],
      ['orch up -d --wait --timeout 60s', 'in the background, for scripts and deployments'],
      ['orch -e prod up -d', 'with the overlay procs.prod.yaml'],
      ['orch up api', 'just api and what it depends on'],
    ],
    run: async (context, options, names) => (await import('./up.ts')).runUp(context, options, names),
  },
  {
    name: 'down',
    group: run,
    summary: 'stop everything, then the supervisor',
    details: 'Dependents stop before what they depend on. Returns only when no process is left.',
    arguments: [],
    options: [timeout('after this, kill what is left (default: each service has its own grace period)')],
    examples: [
      ['orch down', 'each service has its grace period'],
      ['orch down --timeout 0', 'kill everything at once'],
    ],
    run: async (context, options) => (await import('./down.ts')).runDown(context, options),
  },
  {
    name: 'attach',
    group: run,
    summary: 'open the view of a running project',
    details: 'Leaving the view leaves everything running. Without a terminal: prefixed lines.',
    arguments: [],
    options: [{ flags: '--no-tui', description: 'print prefixed lines even in a terminal' }],
    examples: [['orch attach', 'q or Ctrl-C leaves, nothing is stopped']],
    run: async (context, options) => (await import('./attach.ts')).runAttach(context, options),
  },
  psDefinition,
  {
    name: 'events',
    group: look,
    summary: 'show what happened',
    details: 'With --json: one object a line.',
    arguments: [],
    options: [
      { flags: '-f, --follow', description: 'go on with new events until interrupted' },
      { flags: '-n, --limit <count>', description: 'at most so many past events', value: { kind: 'count' } },
    ],
    ownsShortF: true,
    examples: [
      ['orch events -n 20', 'the last twenty'],
      ['orch events -f --json', 'for programs'],
    ],
    run: async (context, options) => (await import('./events.ts')).runEvents(context, options),
  },
  {
    name: 'logs',
    group: look,
    summary: 'show what services wrote',
    details: [
      'Reads the log queues back in time order, rotated and compressed files included. `orch logs rotate [QUEUE…]` closes',
      'the live files under a dated name. TIME is how long ago (10m, 1h30m) or a point in time (14:05, 2026-01-31).',
    ].join(' '),
    arguments: someNames,
    options: [
      { flags: '-f, --follow', description: 'go on with new lines until interrupted' },
      { flags: '-n, --tail <count>', description: 'only the newest so many lines', value: { kind: 'count' } },
      { flags: '--since <time>', description: 'only lines from then on' },
      { flags: '--until <time>', description: 'only lines before then' },
      { flags: '--grep <pattern>', description: 'only lines that match this regular expression' },
      { flags: '--queue <queue>', description: 'only this log queue' },
      { flags: '--raw', description: 'the bare lines, byte by byte, without time and instance' },
    ],
    ownsShortF: true,
    examples: [
      ['orch logs -f api', 'follow all instances of api'],
      ['orch logs --since 10m --grep "error|warn"', 'what went wrong lately'],
      ['orch logs --json db.1 | jq .line', 'for programs'],
      ['orch logs rotate', 'close all live files now'],
    ],
    run: async (context, options, names) => (await import('./logs.ts')).runLogs(context, options, names),
  },
  {
    name: 'why',
    group: look,
    summary: 'say why something is not running or not ready',
    details: '',
    arguments: theNames,
    options: [],
    examples: [
      ['orch why api', 'the chain of causes of each instance'],
      ['orch why api.2', 'of one instance'],
    ],
    run: async (context, _options, names) => (await import('./why.ts')).runWhy(context, names),
  },
  {
    name: 'wait',
    group: look,
    summary: 'wait until the project, or some of it, is in a state',
    details: 'Exits with 1 when the time is over or the state cannot be reached any more.',
    arguments: someNames,
    options: [
      {
        flags: '--for <state>',
        description: 'converged: everything is as declared (the default); ready; stopped',
        value: { kind: 'choice', choices: ['converged', 'ready', 'stopped'] },
      },
      timeout('how long to wait (default: without end)'),
    ],
    examples: [
      ['orch wait --timeout 30s', 'until everything is as declared'],
      ['orch wait --for ready api db', 'until these are ready'],
    ],
    run: async (context, options, names) => (await import('./wait.ts')).runWait(context, options, names),
  },
  {
    name: 'plan',
    group: look,
    summary: 'say what `up` would do, and why',
    details: [
      'Compares the files with what runs; with a commit, that commit with the files; with A..B, two commits. Starts, stops',
      'and writes nothing. Exit code: 0 nothing to do, 2 changes, 1 error.',
    ].join(' '),
    arguments: [{ syntax: '[range]', description: 'a commit (`HEAD~1`, `v1.2`) or two (`main..HEAD`)' }],
    options: [],
    examples: [
      ['orch plan', 'what saving procs.yaml would do'],
      ['orch plan main..HEAD', 'what a branch changes'],
      ['orch -e prod plan --json v1.2', 'since a release, for programs'],
    ],
    run: async (context, _options, names) => (await import('./plan.ts')).runPlan(context, names),
  },
  {
    name: 'start',
    group: change,
    summary: 'start what was stopped or has failed',
    details: 'Takes back `orch stop` and forgets earlier failures.',
    arguments: theNames,
    options: [{ flags: '--wait', description: 'return when they are ready' }, timeout('with --wait: how long to wait')],
    examples: [['orch start worker', 'the whole service']],
    run: async (context, options, names) => (await import('./control.ts')).runStart(context, options, names),
  },
  {
    name: 'stop',
    group: change,
    summary: 'stop, and keep stopped until `orch start`',
    details: 'Returns when no process of them is left. Edits of the file do not start them again.',
    arguments: theNames,
    options: [timeout('how long to wait for their end')],
    examples: [
      ['orch stop worker', 'the whole service'],
      ['orch stop api.3', 'one instance of the pool'],
    ],
    run: async (context, options, names) => (await import('./control.ts')).runStop(context, options, names),
  },
  {
    name: 'restart',
    group: change,
    summary: 'stop and start again',
    details: '',
    arguments: theNames,
    options: [
      { flags: '--wait', description: 'return when they are ready again' },
      timeout('with --wait: how long to wait'),
    ],
    examples: [['orch restart api --wait', 'the whole service; returns when it is ready']],
    run: async (context, options, names) => (await import('./control.ts')).runRestart(context, options, names),
  },
  {
    name: 'scale',
    group: change,
    summary: 'change the size of a pool',
    details: [
      'Edits procs.yaml in place; comments and layout stay. With --ephemeral the file is left alone: the size holds until',
      '`orch scale --ephemeral NAME=file` or the end of the supervisor.',
    ].join(' '),
    arguments: [{ syntax: '<sizes...>', description: 'service and size, such as `api=4`', completes: 'size' }],
    options: [{ flags: '--ephemeral', description: 'an override in the supervisor, not an edit of the file' }],
    examples: [
      ['orch scale api=8', 'in the file, for good'],
      ['orch scale --ephemeral api=8', 'for now'],
      ['orch scale --ephemeral api=file', 'back to what the file says'],
    ],
    run: async (context, options, names) => (await import('./scale.ts')).runScale(context, options, names),
  },
  {
    name: 'validate',
    group: configuration,
    summary: 'check procs.yaml without running anything',
    details: 'Prints every problem with file, line and column. Exit code: 0 good, 2 problems.',
    arguments: [],
    options: [],
    examples: [
      ['orch validate', 'for a commit hook or CI'],
      ['orch -e prod validate', 'together with the overlay procs.prod.yaml'],
    ],
    run: async (context) => (await import('./validate.ts')).runValidate(context),
  },
  {
    name: 'config',
    group: configuration,
    summary: 'print the configuration as it takes effect',
    details: 'Merged from all files, expanded, secrets masked.',
    arguments: [],
    options: [{ flags: '--explain', description: 'name the file and line of every value' }],
    examples: [
      ['orch -e prod config', 'what prod really is'],
      ['orch config --explain', 'where every value comes from'],
    ],
    run: async (context, options) => (await import('./config.ts')).runConfig(context, options),
  },
  {
    name: 'completion',
    group: shell,
    summary: 'print the completion script of a shell',
    details: 'Completes commands, options, services and instances.',
    arguments: [{ syntax: '<shell>', description: 'bash, zsh or fish', completes: 'shell' }],
    options: [],
    examples: [
      ['source <(orch completion bash)', 'in ~/.bashrc; zsh alike'],
      ['orch completion fish | source', 'in config.fish'],
    ],
    run: async (context, _options, names) => (await import('./completion.ts')).runCompletion(context, names),
  },
  {
    name: 'reset-term',
    group: shell,
    summary: 'put a terminal back in order',
    details: 'For when a program died and left the cursor hidden, the mouse captured or the colours wrong.',
    arguments: [],
    options: [],
    examples: [['orch reset-term', 'type it blindly if need be']],
    run: async (context) => (await import('./reset-term.ts')).runResetTerm(context),
  },
  {
    name: '__complete',
    group: shell,
    summary: 'answer the completion script',
    details: '',
    arguments: [{ syntax: '[words...]', description: 'the line up to the cursor' }],
    options: [],
    examples: [['orch __complete -- start a', 'names that begin with a']],
    hidden: true,
    run: async (context, _options, names) => (await import('./completion.ts')).runComplete(context, names),
  },
];
