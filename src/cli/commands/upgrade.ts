// `orch upgrade`: replaces the running supervisor, which may be older, with one of this version. No instance is restarted:
// the old supervisor exits, the new one adopts what runs.

import type { Client } from '../../api/client.ts';
import type { ProjectPaths } from '../../api/paths.ts';
import type { LeftBehind } from '../../api/protocol.ts';
import { VERSION } from '../../version.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';
import { fail } from '../context/errors.ts';
import { withSupervisor } from '../context/running-project.ts';
import type { LaunchRequest, SupervisorLaunch } from '../up/launch-supervisor.ts';

export const upgradeCommand: CommandDefinition = {
  name: 'upgrade',
  group: 'Run',
  summary: 'replace the running supervisor with this version; services keep running',
  details: 'No service restarts: the old supervisor exits, the new one adopts what runs and applies the file.',
  arguments: [],
  options: [],
  examples: [['orch upgrade', 'after an update']],
  run: runUpgrade,
};

function runUpgrade(context: CliContext): Promise<ExitCode> {
  return withSupervisor(context, async (client, paths) => {
    const old = await client.request('hello', {});
    const { appliedEnvironment } = await import('../context/applied-environment.ts');
    const { env, variables: environment } = await appliedEnvironment(client, context.environment);
    // An older supervisor does not report its file.
    const file = old.file ?? context.file;
    return await replaceSupervisor(
      client,
      { ...context, stateDir: paths.movedStateDir, file, env, environment },
      paths,
      old,
    );
  });
}

async function replaceSupervisor(
  client: Client,
  context: CliContext,
  paths: ProjectPaths,
  old: { pid: number; version: string },
): Promise<ExitCode> {
  const { file, env, environment } = context;
  const { launchSupervisor } = await import('../up/launch-supervisor.ts');
  const launch = launchSupervisor({ paths, file, env, environment });
  const { loadOrPrint } = await import('../context/configuration.ts');
  const { upgradedConfiguration } = await import('../up/upgraded-configuration.ts');
  const chosen = await upgradedConfiguration(client, old.version, () => loadOrPrint(context));
  if (!chosen || 'code' in chosen) await launch.abandon();
  if (chosen && 'code' in chosen) return fail(context, chosen);
  if (!chosen) {
    context.stderr.write('\nThe supervisor was not upgraded; services keep running.\n');
    return 2;
  }
  let left: Partial<LeftBehind>;
  try {
    const { endSupervisor } = await import('../up/supervisor-presence.ts');
    left = await endSupervisor(client);
  } catch (error) {
    await launch.abandon();
    throw error;
  }
  const accepted = (chosen.isInForce && left.accepted) || chosen.accepted;
  // Another version may describe a configuration in another way.
  const earlier = (old.version === VERSION && left.earlier) || {};
  return await startNewSupervisor(context, paths, launch, { accepted, only: null, by: 'upgrade', earlier }, old);
}

async function startNewSupervisor(
  context: CliContext,
  paths: ProjectPaths,
  launch: SupervisorLaunch,
  request: LaunchRequest,
  old: { pid: number; version: string },
): Promise<ExitCode> {
  launch.accept(request);
  const started = await launch.started;
  const hint = 'services keep running; `orch up -d` starts a supervisor for them';
  if (started.kind === 'refused') return fail(context, { hint, ...started.error });
  if (started.kind === 'died') {
    const message = `the new supervisor did not start: it ${started.how}`;
    return fail(context, { code: 'failed', message, hint: `${hint}; its log is ${paths.supervisorLog}` });
  }
  const result = { from: old.version, to: VERSION, supervisor: { pid: started.pid } };
  const text = `upgraded from ${old.version} to ${VERSION} (supervisor pid ${started.pid}); services kept running`;
  context.stdout.write(`${context.json ? JSON.stringify(result) : text}\n`);
  return 0;
}
