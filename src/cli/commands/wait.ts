// `orch wait`: blocks until a condition holds; for scripts.

import { formatSpan } from '../../units.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { withSupervisor } from '../context/running-project.ts';

export type WaitOptions = { for?: 'converged' | 'ready' | 'stopped'; timeout?: number };

export function runWait(context: CliContext, options: WaitOptions, names: string[]): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const condition = options.for ?? 'converged';
    const { waitedMs } = await client.request('wait', { for: condition, names, timeoutMs: options.timeout ?? null });
    const what = names.length === 0 ? 'everything' : names.join(', ');
    const verb = names.length > 1 ? 'are' : 'is';
    const text = `${what} ${verb} ${condition} (waited ${formatSpan(waitedMs)})`;
    context.stdout.write(`${context.json ? JSON.stringify({ waitedMs }) : text}\n`);
    return 0;
  });
}
