// Commands that only look.

import { psDefinition } from '../commands/ps.ts';
import type { CommandDefinition } from '../context/definition.ts';
import { optionalNames, requiredNames, timeoutOption } from '../context/definition.ts';

const group = 'Look';

export const lookCommands: CommandDefinition[] = [
  psDefinition,
  {
    name: 'events',
    group,
    summary: 'show what happened',
    details: 'With --json: one object a line.',
    arguments: [],
    options: [
      { flags: '-f, --follow', description: 'go on with new events until interrupted' },
      { flags: '-n, --limit <count>', description: 'at most so many past events', value: { kind: 'count' } },
      { flags: '--critical-path', description: 'the chain of instances that made the start as long as it was' },
    ],
    ownsShortF: true,
    examples: [
      ['orch events -n 20', 'the last twenty'],
      ['orch events -f --json', 'for programs'],
    ],
    run: async (context, options) => (await import('../commands/events.ts')).runEvents(context, options),
  },
  {
    name: 'logs',
    group,
    summary: 'show what services wrote',
    details: [
      'Reads the log queues back in time order, rotated and compressed files included. `orch logs rotate [QUEUE…]` closes',
      'the live files under a dated name. TIME is how long ago (10m, 1h30m) or a point in time (14:05, 2026-01-31).',
    ].join(' '),
    arguments: optionalNames,
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
    run: async (context, options, names) => (await import('../commands/logs.ts')).runLogs(context, options, names),
  },
  {
    name: 'why',
    group,
    summary: 'say why something is not running or not ready',
    details: '',
    arguments: requiredNames,
    options: [],
    examples: [
      ['orch why api', 'the chain of causes of each instance'],
      ['orch why api.2', 'of one instance'],
    ],
    run: async (context, _options, names) => (await import('../commands/why.ts')).runWhy(context, names),
  },
  {
    name: 'wait',
    group,
    summary: 'wait until the project, or some of it, is in a state',
    details: 'Exits with 1 when the time is over or the state cannot be reached any more.',
    arguments: optionalNames,
    options: [
      {
        flags: '--for <state>',
        description: 'converged: everything is as declared (the default); ready; stopped',
        value: { kind: 'choice', choices: ['converged', 'ready', 'stopped'] },
      },
      timeoutOption('how long to wait (default: without end)'),
    ],
    examples: [
      ['orch wait --timeout 30s', 'until everything is as declared'],
      ['orch wait --for ready api db', 'until these are ready'],
    ],
    run: async (context, options, names) => (await import('../commands/wait.ts')).runWait(context, options, names),
  },
  {
    name: 'plan',
    group,
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
    run: async (context, _options, names) => (await import('../commands/plan.ts')).runPlan(context, names),
  },
];
