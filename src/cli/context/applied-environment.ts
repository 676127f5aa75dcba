// The environment that the last `up` applied: its name, and the variables of its shell. `scale` and `upgrade` use it instead of
// those of the shell that calls them.
import { readFileSync } from 'node:fs';
import { type Client, ClientError } from '../../api/client.ts';
import { CALLER_LIMIT_VARIABLE } from '../../api/paths.ts';
import { callerSoftLimit } from './caller-limit.ts';
import type { CliContext } from './context.ts';

type Environment = CliContext['environment'];

export type AppliedEnvironment = { env: string | null; variables: Environment };

/**
 * An older supervisor does not report it: then that in which it was started.
 * @param otherwise where that is not available either
 */
export async function appliedEnvironment(client: Client, otherwise: Environment): Promise<AppliedEnvironment> {
  try {
    return await client.request('environment', {});
  } catch (error) {
    if (!(error instanceof ClientError) || error.wire.code !== 'usage') throw error;
    const { env, supervisor } = await client.request('status', {});
    return { env, variables: environmentOf(supervisor.pid) ?? otherwise };
  }
}

/** @returns null where the system does not provide it. */
function environmentOf(pid: number): Record<string, string> | null {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
    return Object.fromEntries(entries.map((entry) => splitAt(entry, entry.indexOf('='))));
  } catch {
    return null; // no /proc, or the process is gone
  }
}

const splitAt = (text: string, at: number): [string, string] => [text.slice(0, at), text.slice(at + 1)];

/** Adds the soft limit of open files of the shell that calls; one that the environment has already was applied before. */
export function withCallerLimit(environment: Environment): Environment {
  const limit = environment[CALLER_LIMIT_VARIABLE] ?? callerSoftLimit();
  return limit === null ? environment : { ...environment, [CALLER_LIMIT_VARIABLE]: String(limit) };
}

/** As they go over the socket. */
export function definedVariables(environment: Environment): Record<string, string> {
  const entries = Object.entries(withCallerLimit(environment)).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(entries);
}
