// `orch upgrade`: this version of orch takes over from the supervisor that runs, which may be older. Nothing that runs is
// restarted: the old supervisor leaves, the new one adopts.
import { readFileSync } from 'node:fs';
import { type Client, ClientError, connect } from '../../api/client.ts';
import type { ProjectPaths } from '../../api/paths.ts';
import type { AcceptedConfig } from '../../core/model.ts';
import { VERSION } from '../../version.ts';
import { loadOrPrint } from '../context/configuration.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { fail } from '../context/errors.ts';
import { failRequest, findPaths, noSupervisorError } from '../context/running-project.ts';
import { launchSupervisor, type SupervisorLaunch } from '../up/launch-supervisor.ts';
import { untilGone } from '../up/until-gone.ts';

export async function runUpgrade(context: CliContext): Promise<ExitCode> {
  try {
    const paths = findPaths(context);
    const client = paths && (await connect(paths));
    if (!paths || !client) return fail(context, noSupervisorError(context));
    const old = await client.request('hello', {});
    const { env } = await client.request('status', {});
    const environment = environmentOfProcess(old.pid) ?? context.environment;
    // One that is older does not tell its file.
    const file = old.file ?? context.file;
    return await replaceSupervisor(client, { ...context, file, env, environment }, paths, old);
  } catch (error) {
    return failRequest(context, error);
  }
}

async function replaceSupervisor(
  client: Client,
  context: CliContext,
  paths: ProjectPaths,
  old: { pid: number; version: string },
): Promise<ExitCode> {
  const { file, env, environment } = context;
  const launch = launchSupervisor({ paths, file, env, environment });
  const accepted = await loadOrPrint(context);
  if (!accepted) {
    await launch.abandon();
    context.stderr.write('\nNothing was upgraded; what runs keeps running.\n');
    return 2;
  }
  try {
    await endOldSupervisor(client, old.pid);
  } catch (error) {
    await launch.abandon();
    throw error;
  }
  return await startNewSupervisor(context, paths, launch, accepted, old);
}

/** A supervisor too old to hand over is killed: its successor then adopts as after a crash. */
async function endOldSupervisor(client: Client, pid: number): Promise<void> {
  await client.request('handOver', {}).catch((error: unknown) => {
    if (!(error instanceof ClientError) || error.wire.code !== 'usage') throw error;
    process.kill(pid, 'SIGKILL');
  });
  await client.closed;
  await untilGone(pid);
}

async function startNewSupervisor(
  context: CliContext,
  paths: ProjectPaths,
  launch: SupervisorLaunch,
  accepted: AcceptedConfig,
  old: { pid: number; version: string },
): Promise<ExitCode> {
  launch.accept(accepted, null);
  const started = await launch.started;
  const hint = 'what runs keeps running; `orch up -d` starts a supervisor for it';
  if (started.kind === 'refused') return fail(context, { hint, ...started.error });
  if (started.kind === 'died') {
    const message = `the new supervisor did not start: it ${started.how}`;
    return fail(context, { code: 'failed', message, hint: `${hint}; its log is ${paths.supervisorLog}` });
  }
  const result = { from: old.version, to: VERSION, supervisor: { pid: started.pid } };
  const text = `upgraded from ${old.version} to ${VERSION} (supervisor pid ${started.pid}); what ran was taken over`;
  context.stdout.write(`${context.json ? JSON.stringify(result) : text}\n`);
  return 0;
}

/**
 * The configuration means the same only in the environment that the supervisor was started in; ours may lack its variables.
 * @returns null where the system does not tell.
 */
function environmentOfProcess(pid: number): Record<string, string> | null {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
    return Object.fromEntries(entries.map((entry) => splitAt(entry, entry.indexOf('='))));
  } catch {
    return null; // not Linux, or another user's
  }
}

const splitAt = (text: string, at: number): [string, string] => [text.slice(0, at), text.slice(at + 1)];
