// `orch start`, `stop` and `restart`: one request each; `stop` returns when nothing of them is left.
import type { Client } from '../../api/client.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { withSupervisor } from '../context/running-project.ts';

export type ControlOptions = { wait?: boolean; timeout?: number };

export function runStart(context: CliContext, options: ControlOptions, names: string[]): Promise<ExitCode> {
  return requestChange(context, 'start', 'started', { names }, (client) =>
    options.wait ? untilReady(client, names, options) : null,
  );
}

export function runStop(context: CliContext, options: ControlOptions, names: string[]): Promise<ExitCode> {
  return requestChange(context, 'stop', 'stopped', { names, timeoutMs: options.timeout ?? null }, () => null);
}

export function runRestart(context: CliContext, options: ControlOptions, names: string[]): Promise<ExitCode> {
  return requestChange(context, 'restart', 'restarted', { names }, (client) =>
    options.wait ? untilReady(client, names, options) : null,
  );
}

function requestChange(
  context: CliContext,
  method: 'start' | 'stop' | 'restart',
  participle: string,
  params: { names: string[]; timeoutMs?: number | null },
  afterwards: (client: Client) => Promise<unknown> | null,
): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const { instances } = await client.request(method, params);
    await afterwards(client);
    const text = instances.length === 0 ? `nothing to ${method}` : `${participle} ${instances.join(', ')}`;
    context.stdout.write(`${context.json ? JSON.stringify({ instances }) : text}\n`);
    return 0;
  });
}

function untilReady(client: Client, names: string[], { timeout }: ControlOptions) {
  return client.request('wait', { for: 'ready', names, timeoutMs: timeout ?? null });
}
