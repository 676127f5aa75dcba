// `orch wait`: blocks until a condition holds; for scripts.
import { formatSpan } from '../../units.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { type CommandDefinition, optionalNames, timeoutOption } from '../context/definition.ts';
import { withSupervisor } from '../context/running-project.ts';

type WaitOptions = { for?: 'converged' | 'ready' | 'stopped'; timeout?: number };

export const waitCommand: CommandDefinition<WaitOptions> = {
  name: 'wait',
  group: 'Look',
  summary: 'wait until the project, or a part of it, reaches a state',
  details:
    'Exits with 1 when the time is up or the state cannot be reached: a crash loop, a service that is not wanted.',
  arguments: optionalNames,
  options: [
    {
      flags: '--for <state>',
      description: 'converged: everything is as declared (the default); ready; stopped',
      value: { kind: 'choice', choices: ['converged', 'ready', 'stopped'] },
    },
    timeoutOption('how long to wait (default: without limit)'),
  ],
  examples: [
    ['orch wait --timeout 30s', 'until everything is as declared'],
    ['orch wait --for ready api db', 'until these are ready'],
  ],
  run: runWait,
};

function runWait(context: CliContext, options: WaitOptions, names: string[]): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const condition = options.for ?? 'converged';
    const { waitedMs } = await client.request('wait', { for: condition, names, timeoutMs: options.timeout ?? null });
    const subject = names.length === 0 ? 'everything' : names.join(', ');
    const verb = names.length > 1 ? 'are' : 'is';
    const text = `${subject} ${verb} ${condition} (waited ${formatSpan(waitedMs)})`;
    context.stdout.write(`${context.json ? JSON.stringify({ waitedMs }) : text}\n`);
    return 0;
  });
}
