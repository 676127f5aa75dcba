// Runs a command of the configuration for an instance, with its directory and environment: probes, hooks, stop commands.
import type { Command, ProbeResult, ServiceSpec } from '../../core/spec.ts';
import { errorText } from '../../os/errors.ts';
import { runExec } from '../../os/probe/exec.ts';
import { type RunningCheck, runCheck } from '../../os/probe/running-check.ts';
import type { LaunchContext } from '../kernel/supervisor-context.ts';
import { declaresSecrets, launchCommand, readSecrets, type Secrets } from './environment.ts';

export type InstanceCommand = { spec: ServiceSpec; index: number; command: Command; extra: Record<string, string> };

/** @returns the function that runs it, any number of times; everything but secrets is looked up once. */
export function prepareCommand(prepared: InstanceCommand, context: LaunchContext): () => RunningCheck {
  const { spec, index, command, extra } = prepared;
  if (declaresSecrets(spec)) return () => runWithSecrets(prepared, context);
  const launch = launchCommand(spec, index, command, extra, context);
  return () => runExec(launch);
}

/** @param late the reason of a command that is cancelled because it took longer */
export async function runWithin(running: RunningCheck, longestMs: number, late: string): Promise<ProbeResult> {
  const timer = setTimeout(() => running.cancel(late), longestMs);
  const outcome = await running.outcome;
  clearTimeout(timer);
  return outcome;
}

/**
 * A secret that cannot be read is left out of the environment: a command that does not use it works, a hook may be the one
 * that fetches it, and a healthy instance is not ended because the file is gone. If the command fails, the secret is named.
 */
function runWithSecrets({ spec, index, command, extra }: InstanceCommand, context: LaunchContext): RunningCheck {
  return runCheck((settle) => {
    let running: RunningCheck | null = null;
    let isOver = false;
    const run = async (secrets: Secrets): Promise<ProbeResult> => {
      if (isOver) return { ok: false, because: 'not wanted any more' };
      const launch = launchCommand(spec, index, command, { ...secrets.values, ...extra }, context);
      running = runExec({ ...launch, secrets: Object.values(secrets.values) });
      return withMissingSecret(secrets, await running.outcome);
    };
    const failed = (error: unknown): ProbeResult => ({ ok: false, because: errorText(error) });
    void readSecrets(spec, index, context).then(run).catch(failed).then(settle);
    return () => {
      isOver = true;
      running?.cancel('not wanted any more');
    };
  });
}

function withMissingSecret({ missing }: Secrets, outcome: ProbeResult): ProbeResult {
  return outcome.ok || !missing ? outcome : { ok: false, because: `${outcome.because} (${missing.detail})` };
}
