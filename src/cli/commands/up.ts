// `orch up`: makes sure that a supervisor runs this configuration, then shows it or leaves it in the background.
import type { Client } from '../../api/client.ts';
import type { ProjectPaths } from '../../api/paths.ts';
import type { AcceptedConfig } from '../../core/model.ts';
import { formatSpan } from '../../units.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { fail } from '../context/errors.ts';
import { failRequest, findPaths } from '../context/running-project.ts';
import { bringUp, type RunningProject } from '../up/bring-up.ts';
import { type Interrupts, listenForInterrupts } from '../up/interrupts.ts';
import { showProject } from '../up/show.ts';

export type UpOptions = { detach?: boolean; wait?: boolean; timeout?: number; tui?: boolean; profile?: string };

export async function runUp(context: CliContext, options: UpOptions, names: string[]): Promise<ExitCode> {
  const paths = findPaths(context);
  if (!paths) return fail(context, { code: 'usage', message: `there is no directory for ${context.file}` });
  const only = names.length > 0 ? names : null;
  try {
    return options.detach || options.wait
      ? await runInBackground(context, paths, options, only)
      : await runInForeground(context, paths, options, only);
  } catch (error) {
    return failRequest(context, error);
  }
}

async function runInBackground(
  context: CliContext,
  paths: ProjectPaths,
  { wait, timeout, profile }: UpOptions,
  only: string[] | null,
): Promise<ExitCode> {
  const running = await bringUp(context, paths, only);
  if (typeof running === 'number') return running;
  const { client } = running;
  try {
    await selectProfiles(client, profile);
    const condition = { for: 'converged' as const, names: only ?? [], timeoutMs: timeout ?? null };
    const waitedMs = wait ? (await client.request('wait', condition)).waitedMs : null;
    await reportUp(context, running, waitedMs);
    return 0;
  } finally {
    client.close();
  }
}

async function runInForeground(context: CliContext, paths: ProjectPaths, options: UpOptions, only: string[] | null) {
  const sinceMs = Date.now();
  const interrupts: Interrupts = listenForInterrupts();
  try {
    const running = await bringUp(context, paths, only, interrupts);
    if (typeof running === 'number') return running;
    const { client, accepted, owning } = running;
    if (owning) await client.request('own', {});
    await selectProfiles(client, options.profile);
    const tasks = taskNamesOf(accepted, only);
    const wantsTui = options.tui !== false;
    return await showProject(context, { client, paths, owning, wantsTui, tasks, sinceMs, interrupts });
  } finally {
    interrupts.stop();
  }
}

/** Without `--profile` those that were chosen before stay. @param profile names with commas; '': none */
async function selectProfiles(client: Client, profile: string | undefined): Promise<void> {
  if (profile === undefined) return;
  const profiles = profile.split(',').map((name) => name.trim());
  await client.request('profiles', { profiles: profiles.filter(Boolean) });
}

async function reportUp(context: CliContext, running: RunningProject, waitedMs: number | null): Promise<void> {
  const { pid, project } = await running.client.request('hello', {});
  const started = running.owning;
  const services = running.accepted.config.services.length;
  const waited = waitedMs === null ? '' : `, converged after ${formatSpan(waitedMs)}`;
  const count = `${services} ${services === 1 ? 'service' : 'services'}`;
  const text = `${project}: ${started ? 'started' : 'applied'} (${count}, supervisor pid ${pid}${waited})`;
  const json = { project, started, services, supervisor: { pid }, ...(waitedMs === null ? {} : { waitedMs }) };
  context.stdout.write(`${context.json ? JSON.stringify(json) : text + (await stoppedNote(running.client))}\n`);
}

/** Whoever stopped a service, or chose others with `up NAME`, may have forgotten it. */
async function stoppedNote(client: Client): Promise<string> {
  const { services } = await client.request('status', {});
  const held = services.filter(({ override }) => override?.stopped).map(({ name }) => name);
  return held.length === 0 ? '' : `\nheld stopped: ${held.join(', ')} (\`orch start ${held[0]}\` undoes it)`;
}

/** The services that this `up` is about, when all of them run to completion: then the end of them is the end of `up`. */
function taskNamesOf({ config }: AcceptedConfig, only: string[] | null): string[] | null {
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
