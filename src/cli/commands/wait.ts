// `orch wait`: blocks until a condition holds; for scripts.
import { heldText } from '../../api/held-edit.ts';
import { formatSpan } from '../../units.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { type CommandDefinition, exceptOption, optionalNames, timeoutOption } from '../context/definition.ts';
import { withSupervisor } from '../context/running-project.ts';
import { type SelectionOptions, selectRunning } from '../context/selection.ts';

type WaitOptions = SelectionOptions & { for?: 'converged' | 'ready' | 'stopped' | 'ended'; timeout?: number };

export const waitCommand: CommandDefinition<WaitOptions> = {
  name: 'wait',
  group: 'Look',
  summary: 'wait until the project, or a part of it, reaches a state',
  details: [
    'Exits with 1 when the time is up or the state cannot be reached: a crash loop, a service that is not wanted.',
    'For `ended`, exits with the exit code of the program (of several: the first that is not 0).',
  ].join(' '),
  arguments: optionalNames,
  options: [
    {
      flags: '--for <state>',
      description:
        'converged: everything is as declared; ready; stopped; ended: it completed or was given up (default: ended for tasks that are named, otherwise converged)',
      value: { kind: 'choice', choices: ['converged', 'ready', 'stopped', 'ended'] },
    },
    exceptOption,
    timeoutOption('how long to wait (default: without limit)'),
  ],
  examples: [
    ['orch wait --timeout 30s', 'until everything is as declared'],
    ['orch wait --for ready api db', 'until these are ready'],
    ['orch wait --for ready tag:backend', 'the services with that tag'],
    ['orch wait tests', 'until the task has ended; exits with its exit code'],
  ],
  run: runWait,
};

function runWait(context: CliContext, options: WaitOptions, words: string[]): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const names = await selectRunning(client, words, options, 'wanted');
    const { for: condition, timeout: timeoutMs = null } = options;
    const params = { ...(condition && { for: condition }), names, timeoutMs };
    const { waitedMs, exitCode, held } = await client.request('wait', params);
    const subject = names.length === 0 ? 'everything' : names.join(', ');
    const [is, has] = names.length > 1 ? ['are', 'have'] : ['is', 'has'];
    const found =
      exitCode === undefined ? `${is} ${condition ?? 'converged'}` : `${has} ended with exit code ${exitCode}`;
    const text = `${subject} ${found} (waited ${formatSpan(waitedMs)})`;
    const json = { waitedMs, ...(exitCode !== undefined && { exitCode }), ...(held && { held }) };
    context.stdout.write(`${context.json ? JSON.stringify(json) : text}\n`);
    if (held) context.stderr.write(`note: ${heldText(held)}\n`);
    return exitCode ?? 0;
  });
}
