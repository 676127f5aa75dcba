// `orch up`: makes sure that a supervisor runs this configuration, then shows it or leaves it in the background.
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, connect } from '../api/client.ts';
import type { ProjectPaths } from '../api/paths.ts';
import type { WireError } from '../api/protocol.ts';
import type { AcceptedConfig } from '../core/model.ts';
import type { CliContext, ExitCode } from './command.ts';
import { fail } from './errors.ts';
import { formatSpan } from './format/duration.ts';
import { areServices, loadOrPrint } from './load.ts';
import { printProblems } from './problems.ts';
import { failedRequest, findPaths } from './project.ts';
import { launchSupervisor } from './up/launch.ts';
import { showProject } from './up/show.ts';

export type UpOptions = { detach?: boolean; wait?: boolean; timeout?: number; tui?: boolean };

/** `owning`: this command started the supervisor, so that leaving its view stops everything. */
type Running = { client: Client; accepted: AcceptedConfig; owning: boolean };

/** A supervisor that holds the lock answers within this, or is about to go. */
const CONFLICT_PATIENCE_MS = 10_000;

export async function runUp(context: CliContext, options: UpOptions, names: string[]): Promise<ExitCode> {
  const sinceMs = Date.now();
  const paths = findPaths(context);
  if (!paths) return fail(context, { code: 'usage', message: `there is no directory for ${context.file}` });
  try {
    const only = names.length > 0 ? names : null;
    const client = await connect(paths);
    const running = client ? await applyTo(client, context, only) : await startNew(context, paths, only);
    if (typeof running === 'number') return running;
    return await goOn(context, { ...options, sinceMs }, paths, running, only);
  } catch (error) {
    return failedRequest(context, error);
  }
}

async function startNew(context: CliContext, paths: ProjectPaths, only: string[] | null): Promise<Running | ExitCode> {
  const launch = launchSupervisor({ paths, file: context.file, env: context.env });
  const accepted = await loadOrPrint(context);
  if (!accepted || !areServices(context, accepted.config, only ?? [])) {
    launch.abandon();
    return 2;
  }
  launch.accept(accepted, only);
  const started = await launch.started;
  switch (started.kind) {
    case 'ready':
      return { client: await connectAgain(paths), accepted, owning: true };
    case 'refused':
      if (started.error.code !== 'conflict') return fail(context, started.error);
      return joinOther(context, paths, accepted, only, started.error);
    case 'died':
      return fail(context, supervisorDied(paths, started));
  }
}

/** Somebody else's `up` was faster: apply to his. */
async function joinOther(
  context: CliContext,
  paths: ProjectPaths,
  accepted: AcceptedConfig,
  only: string[] | null,
  conflict: WireError,
): Promise<Running | ExitCode> {
  const untilMs = Date.now() + CONFLICT_PATIENCE_MS;
  while (Date.now() < untilMs) {
    const client = await connect(paths);
    if (client) return apply(client, context, accepted, only);
    await pause(50);
  }
  return fail(context, conflict);
}

async function applyTo(client: Client, context: CliContext, only: string[] | null): Promise<Running | ExitCode> {
  const accepted = await loadOrPrint(context);
  if (!accepted) {
    context.stderr.write('\nWhat runs keeps running.\n');
    client.close();
    return 2;
  }
  if (!areServices(context, accepted.config, only ?? [])) return 2;
  return apply(client, context, accepted, only);
}

async function apply(client: Client, context: CliContext, accepted: AcceptedConfig, only: string[] | null) {
  const { status, problems } = await client.request('apply', { accepted, only });
  if (status === 'applied') return { client, accepted, owning: false };
  printProblems(context, problems);
  client.close();
  return 2 as const;
}

async function goOn(
  context: CliContext,
  options: UpOptions & { sinceMs: number },
  paths: ProjectPaths,
  running: Running,
  only: string[] | null,
): Promise<ExitCode> {
  const { client, accepted, owning } = running;
  if (!options.detach && !options.wait) {
    if (owning) await client.request('own', {});
    const { tui, sinceMs } = options;
    const tasks = tasksOf(accepted, only);
    return showProject(context, { client, paths, owning, wantsTui: tui !== false, tasks, sinceMs });
  }
  try {
    const waitedMs = options.wait ? await waitUntilConverged(client, only, options.timeout) : null;
    await report(context, running, waitedMs);
    return 0;
  } finally {
    client.close();
  }
}

async function waitUntilConverged(
  client: Client,
  only: string[] | null,
  timeoutMs: number | undefined,
): Promise<number> {
  const params = { for: 'converged' as const, names: only ?? [], timeoutMs: timeoutMs ?? null };
  return (await client.request('wait', params)).waitedMs;
}

async function report(context: CliContext, running: Running, waitedMs: number | null): Promise<void> {
  const { pid, project } = await running.client.request('hello', {});
  const started = running.owning;
  const services = running.accepted.config.services.length;
  const waited = waitedMs === null ? '' : `, converged after ${formatSpan(waitedMs)}`;
  const count = `${services} ${services === 1 ? 'service' : 'services'}`;
  const text = `${project}: ${started ? 'started' : 'applied'} (${count}, supervisor pid ${pid}${waited})`;
  const json = { project, started, services, supervisor: { pid }, ...(waitedMs === null ? {} : { waitedMs }) };
  context.stdout.write(`${context.json ? JSON.stringify(json) : text + (await heldNote(running.client))}\n`);
}

/** Whoever stopped a service, or chose others with `up NAME`, may have forgotten it. */
async function heldNote(client: Client): Promise<string> {
  const { services } = await client.request('status', {});
  const held = services.filter(({ override }) => override?.stopped).map(({ name }) => name);
  return held.length === 0 ? '' : `\nheld stopped: ${held.join(', ')} (\`orch start ${held[0]}\` undoes it)`;
}

/** The services that this `up` is about, when all of them run to completion: then the end of them is the end of `up`. */
function tasksOf({ config }: AcceptedConfig, only: string[] | null): string[] | null {
  const wanted = new Set<string>();
  const add = (name: string) => {
    if (wanted.has(name)) return;
    wanted.add(name);
    const service = config.services.find((one) => one.name === name);
    for (const dependency of service?.dependsOn ?? []) add(dependency.service);
  };
  for (const name of only ?? config.services.map((service) => service.name)) add(name);
  const services = config.services.filter(({ name, enabled, pool }) => wanted.has(name) && enabled && pool > 0);
  return services.length > 0 && services.every(({ restart }) => restart.policy === 'never')
    ? services.map(({ name }) => name)
    : null;
}

/** It said that it is ready, so it listens; only a crash in between can prevent this. */
async function connectAgain(paths: ProjectPaths): Promise<Client> {
  const client = await connect(paths);
  if (!client) throw new Error('the supervisor was ready and is gone');
  return client;
}

function supervisorDied(paths: ProjectPaths, { how, last }: { how: string; last: string }): WireError {
  const message = `the supervisor did not start: it ${how}${last ? `\n${last}` : ''}`;
  return { code: 'failed', message, hint: `its log is ${paths.supervisorLog}` };
}
