// `orch up`: makes sure that a supervisor runs this configuration, then shows it or leaves it in the background.
import type { Client } from '../api/client.ts';
import type { ProjectPaths } from '../api/paths.ts';
import type { AcceptedConfig } from '../core/model.ts';
import type { CliContext, ExitCode } from './command.ts';
import { fail } from './errors.ts';
import { formatSpan } from './format/duration.ts';
import { failedRequest, findPaths } from './project.ts';
import { bringUp, type Running } from './up/bring-up.ts';
import { type Interrupts, listenForInterrupts } from './up/interrupts.ts';
import { showProject } from './up/show.ts';

export type UpOptions = { detach?: boolean; wait?: boolean; timeout?: number; tui?: boolean; profile?: string };

export async function runUp(context: CliContext, options: UpOptions, names: string[]): Promise<ExitCode> {
  const paths = findPaths(context);
  if (!paths) return fail(context, { code: 'usage', message: `there is no directory for ${context.file}` });
  const only = names.length > 0 ? names : null;
  try {
    return options.detach || options.wait
      ? await leaveInBackground(context, paths, options, only)
      : await stay(context, paths, options, only);
  } catch (error) {
    return failedRequest(context, error);
  }
}

async function leaveInBackground(
  context: CliContext,
  paths: ProjectPaths,
  { wait, timeout, profile }: UpOptions,
  only: string[] | null,
): Promise<ExitCode> {
  const running = await bringUp(context, paths, only);
  if (typeof running === 'number') return running;
  const { client } = running;
  try {
    await chooseProfiles(client, profile);
    const condition = { for: 'converged' as const, names: only ?? [], timeoutMs: timeout ?? null };
    const waitedMs = wait ? (await client.request('wait', condition)).waitedMs : null;
    await report(context, running, waitedMs);
    return 0;
  } finally {
    client.close();
  }
}

async function stay(context: CliContext, paths: ProjectPaths, options: UpOptions, only: string[] | null) {
  const sinceMs = Date.now();
  const interrupts: Interrupts = listenForInterrupts();
  try {
    const running = await bringUp(context, paths, only, interrupts);
    if (typeof running === 'number') return running;
    const { client, accepted, owning } = running;
    if (owning) await client.request('own', {});
    await chooseProfiles(client, options.profile);
    const tasks = tasksOf(accepted, only);
    const wantsTui = options.tui !== false;
    return await showProject(context, { client, paths, owning, wantsTui, tasks, sinceMs, interrupts });
  } finally {
    interrupts.stop();
  }
}

/** Without `--profile` those that were chosen before stay. @param profile names with commas; '': none */
async function chooseProfiles(client: Client, profile: string | undefined): Promise<void> {
  if (profile === undefined) return;
  const profiles = profile.split(',').map((name) => name.trim());
  await client.request('profiles', { profiles: profiles.filter(Boolean) });
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
