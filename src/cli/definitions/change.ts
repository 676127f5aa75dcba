// Commands that change what runs.
import type { CommandDefinition } from '../context/definition.ts';
import { requiredNames, timeoutOption } from '../context/definition.ts';

const group = 'Change';

export const changeCommands: CommandDefinition[] = [
  {
    name: 'start',
    group,
    summary: 'start what was stopped or has failed',
    details: 'Takes back `orch stop` and forgets earlier failures.',
    arguments: requiredNames,
    options: [
      { flags: '--wait', description: 'return when they are ready' },
      timeoutOption('with --wait: how long to wait'),
    ],
    examples: [['orch start worker', 'the whole service']],
    run: async (context, options, names) =>
      (await import('../commands/start-stop-restart.ts')).runStart(context, options, names),
  },
  {
    name: 'stop',
    group,
    summary: 'stop, and keep stopped until `orch start`',
    details:
      'Returns when no process of them is left. Edits of the file do not start them again. Fails where somebody starts them meanwhile.',
    arguments: requiredNames,
    options: [timeoutOption('how long to wait for their end')],
    examples: [
      ['orch stop worker', 'the whole service'],
      ['orch stop api.3', 'one instance of the pool'],
    ],
    run: async (context, options, names) =>
      (await import('../commands/start-stop-restart.ts')).runStop(context, options, names),
  },
  {
    name: 'restart',
    group,
    summary: 'stop and start again',
    details: '',
    arguments: requiredNames,
    options: [
      { flags: '--wait', description: 'return when they are ready again' },
      timeoutOption('with --wait: how long to wait'),
    ],
    examples: [['orch restart api --wait', 'the whole service; returns when it is ready']],
    run: async (context, options, names) =>
      (await import('../commands/start-stop-restart.ts')).runRestart(context, options, names),
  },
  {
    name: 'scale',
    group,
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
    run: async (context, options, names) => (await import('../commands/scale.ts')).runScale(context, options, names),
  },
];
