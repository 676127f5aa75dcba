// `--wait` of a command that has changed something: waits until everything is as declared, and says how long that took.
import type { Client } from '../../api/client.ts';
import { formatSpan } from '../../units.ts';

export type ConvergenceOptions = { wait?: boolean; timeout?: number };

/** What the answer of the command says of it; both are empty without `--wait`. */
export type Waited = { text: string; json: { waitedMs?: number } };

/** @param names of services; none: all */
export async function waitConverged(
  client: Client,
  { wait = false, timeout }: ConvergenceOptions,
  names: string[] = [],
): Promise<Waited> {
  if (!wait) return { text: '', json: {} };
  const { waitedMs } = await client.request('wait', { for: 'converged', names, timeoutMs: timeout ?? null });
  return { text: `, converged after ${formatSpan(waitedMs)}`, json: { waitedMs } };
}
