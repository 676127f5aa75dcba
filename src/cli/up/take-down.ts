// Stops a whole project and reports it. Meanwhile stderr names what holds it up.
import { type Client, ClientError } from '../../api/client.ts';
import type { ProjectPaths } from '../../api/paths.ts';
import type { MethodResult } from '../../api/protocol.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { fail } from '../context/errors.ts';
import { launchSupervisor } from './launch-supervisor.ts';
import { findSuccessor, hasOrphanedState, untilGone } from './supervisor-presence.ts';

/**
 * Returns once the supervisor is gone as well. Progress goes to stderr, a line for each change.
 * @param timeoutMs null: the grace periods of the services.
 */
export async function takeDown(
  target: SupervisorConnection,
  context: CliContext,
  timeoutMs: number | null,
): Promise<ExitCode> {
  try {
    return await requestDown(target, context, timeoutMs);
  } catch (error) {
    // `lost` before the request: it has just exited.
    const isReplaced = error instanceof ClientError && ['handing-over', 'lost'].includes(error.wire.code);
    if (!isReplaced) throw error;
  }
  await target.client.closed;
  return (await takeDownNext(context, target.paths, timeoutMs)) ?? takeDownOrphans(context, target.paths, timeoutMs);
}

/** @returns null: no other supervisor has appeared. */
async function takeDownNext(
  context: CliContext,
  paths: ProjectPaths,
  timeoutMs: number | null,
): Promise<ExitCode | null> {
  const next = await findSuccessor(paths, () => false);
  if (!next) return null;
  try {
    return await takeDown({ paths, client: next.client }, context, timeoutMs);
  } finally {
    next.client.close();
  }
}

/** The instances of a killed supervisor still run: a new one finds them by their marks, stops them and exits. */
export async function takeDownOrphans(
  context: CliContext,
  paths: ProjectPaths,
  timeoutMs: number | null,
): Promise<ExitCode> {
  const launch = launchSupervisor({ paths, file: context.file, env: context.env });
  launch.recover(timeoutMs);
  const started = await launch.started;
  if (started.kind === 'refused') {
    // One that comes back by itself, or that another command has started, was faster.
    const next = started.error.code === 'conflict' ? await takeDownNext(context, paths, timeoutMs) : null;
    return next ?? fail(context, started.error);
  }
  if (started.kind === 'died') {
    const hint = started.last || `see ${paths.supervisorLog}`;
    return fail(context, {
      code: 'failed',
      message: `cannot stop what a killed supervisor left running: the new one ${started.how}`,
      hint,
    });
  }
  await untilGone(started.pid);
  return reportDown(context, { stopped: started.stopped ?? 0, leftovers: started.leftovers ?? [] });
}

/** A running supervisor, and the paths at which the next one listens. */
export type SupervisorConnection = { client: Client; paths: ProjectPaths };

async function requestDown(
  { client, paths }: SupervisorConnection,
  context: CliContext,
  timeoutMs: number | null,
): Promise<ExitCode> {
  const { pid } = await client.request('hello', {});
  let most = 0;
  let lastProgress = '';
  const { done } = client.stream('down', { timeoutMs }, ({ remaining, holdingUp }) => {
    const progress = holdingUp.length > 0 ? `waiting for ${holdingUp.join(', ')}` : `stopping, ${remaining} left`;
    most = Math.max(most, remaining);
    if (progress !== lastProgress) context.stderr.write(`${progress}\n`);
    lastProgress = progress;
  });
  const result = await done.catch(async (error: unknown) => {
    await untilGone(pid);
    if (!isLost(error) || hasOrphanedState(paths)) return explainLoss(error);
    return { stopped: most, leftovers: [] }; // its answer was lost, but it went down in order
  });
  await untilGone(pid);
  return reportDown(context, result);
}

/**
 * For a command that runs inside the project, as a hook or an instance: the end of the project waits for its end. Returns as soon
 * as the supervisor has the request.
 */
export async function beginDown(client: Client, context: CliContext, timeoutMs: number | null): Promise<ExitCode> {
  // It is among what is stopped; what is left to do takes milliseconds.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => undefined);
  const stopped = await countRunning(client);
  client.stream('down', { timeoutMs }, () => undefined).done.catch(() => undefined); // it continues without us
  await client.request('hello', {}).catch(() => undefined); // answered after the request before it
  client.close();
  const text = 'the project is going down; this command is a part of it and does not wait';
  context.stdout.write(`${context.json ? JSON.stringify({ stopped, leftovers: [] }) : text}\n`);
  return 0;
}

async function countRunning(client: Client): Promise<number> {
  const { services } = await client.request('status', {});
  return services.reduce((sum, { running }) => sum + running, 0);
}

function reportDown(context: CliContext, result: MethodResult<'down'>): ExitCode {
  if (context.json) context.stdout.write(`${JSON.stringify(result)}\n`);
  const { stopped, leftovers } = result;
  if (leftovers.length > 0) {
    const named = leftovers.map(({ pid, instance }) => `${instance} (pid ${pid})`).join(', ');
    return fail(
      { ...context, json: false },
      { code: 'failed', message: `still alive: ${named}`, hint: 'they could not be killed; see their state with `ps`' },
    );
  }
  const count = stopped === 0 ? 'nothing ran' : `${stopped} ${stopped === 1 ? 'instance' : 'instances'} stopped`;
  if (!context.json) context.stdout.write(`everything is down (${count})\n`);
  return 0;
}

/** Without the result of the supervisor it is unknown whether everything is stopped. */
function explainLoss(error: unknown): never {
  if (!isLost(error)) throw error;
  const message = 'the supervisor exited before everything was stopped';
  throw new ClientError({
    code: 'failed',
    message,
    hint: 'run `orch up` and `orch down` to find and stop what is left',
  });
}

const isLost = (error: unknown): boolean => error instanceof ClientError && error.wire.code === 'lost';
