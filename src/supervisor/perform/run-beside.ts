// Runs a command of the configuration beside an instance, with its directory and environment: probes, hooks, ways to stop.
import type { Command, Outcome, ServiceSpec } from '../../core/model.ts';
import { runExec } from '../../runtime/probe/exec.ts';
import { type Running, runCheck } from '../../runtime/probe/running.ts';
import { errorText } from '../error-text.ts';
import { type LaunchContext, launchBeside } from './launch.ts';
import { declaresSecrets, readSecrets, type Secrets } from './secrets.ts';

export type Beside = { spec: ServiceSpec; index: number; command: Command; extra: Record<string, string> };

/** @returns the function that runs it, as often as one likes; all but secrets is looked up once. */
export function prepareBeside(beside: Beside, context: LaunchContext): () => Running {
  const { spec, index, command, extra } = beside;
  if (declaresSecrets(spec)) return () => runWithSecrets(beside, context);
  const launch = launchBeside(spec, index, command, extra, context);
  return () => runExec(launch);
}

/**
 * A secret that cannot be read is left out of the environment: a command that does not use it works, a hook may be the one
 * that fetches it, and a healthy instance is not ended because the file is gone. If the command fails, that is named.
 */
function runWithSecrets({ spec, index, command, extra }: Beside, context: LaunchContext): Running {
  return runCheck((settle) => {
    let running: Running | null = null;
    let isOver = false;
    const run = async (secrets: Secrets): Promise<Outcome> => {
      if (isOver) return { ok: false, because: 'not wanted any more' };
      const launch = launchBeside(spec, index, command, { ...secrets.values, ...extra }, context);
      running = runExec({ ...launch, secrets: Object.values(secrets.values) });
      return naming(secrets, await running.outcome);
    };
    const failed = (error: unknown): Outcome => ({ ok: false, because: errorText(error) });
    void readSecrets(spec, index, context).then(run).catch(failed).then(settle);
    return () => {
      isOver = true;
      running?.cancel('not wanted any more');
    };
  });
}

function naming({ lacking }: Secrets, outcome: Outcome): Outcome {
  return outcome.ok || !lacking ? outcome : { ok: false, because: `${outcome.because} (${lacking.detail})` };
}
