// Runs a command of the configuration for an instance, with its directory and environment: probes, hooks, stop commands.

import { isSecretKey } from '../../config/problem/masking.ts';
import type { Command, ProbeResult, ServiceSpec } from '../../core/spec.ts';
import {
  declaresSecrets,
  type LaunchContext,
  launchCommand,
  NO_SECRETS,
  readSecrets,
  type Secrets,
} from '../../launch/environment.ts';
import { errorText } from '../../os/errors.ts';
import { type ExecRequest, runExec } from '../../os/probe/exec.ts';
import { maskSecrets } from '../../os/probe/mask-secrets.ts';
import { type RunningCheck, runCheck } from '../../os/probe/running-check.ts';
import type { CommandLog } from './command-outputs.ts';

const LAST_LINE_CHARS = 200;

export type InstanceCommand = {
  spec: ServiceSpec;
  index: number;
  command: Command;
  extra: Record<string, string>;
  /** It runs once in a while: its secrets are read now, not kept from the start of the instance. */
  readsSecrets?: true;
  /** Takes its output; default: only the end of it is kept, for the reason of a failure. */
  log?: CommandLog;
};

/** @returns the function that runs it, any number of times; everything but secrets is looked up once. */
export function prepareCommand(prepared: InstanceCommand, context: LaunchContext): () => RunningCheck {
  const { spec, index, command, extra, log } = prepared;
  if (log || declaresSecrets(spec)) return () => runPrepared(prepared, context);
  const launch = launchCommand(spec, index, command, extra, context);
  const request = { ...launch, secrets: secretValuesIn(spec, launch.env) };
  return () => runExec(request);
}

/** Of variables that are declared with a text and have the name of a secret. */
function secretValuesIn(spec: ServiceSpec, env: Record<string, string>): string[] {
  const names = Object.keys(spec.env).filter(isSecretKey);
  return names.flatMap((name) => (env[name] === undefined ? [] : [env[name]]));
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
function runPrepared(prepared: InstanceCommand, context: LaunchContext): RunningCheck {
  const { spec, index, command, extra, log } = prepared;
  return runCheck((settle) => {
    let running: RunningCheck | null = null;
    let isOver = false;
    const start = (request: ExecRequest): Promise<ProbeResult> => {
      if (isOver) return Promise.resolve({ ok: false, because: 'not wanted any more' });
      running = runExec(request);
      return running.outcome;
    };
    const run = async (secrets: Secrets): Promise<ProbeResult> => {
      const launch = launchCommand(spec, index, command, { ...secrets.values, ...extra }, context);
      const request = { ...launch, secrets: [...Object.values(secrets.values), ...secretValuesIn(spec, launch.env)] };
      return withMissingSecret(secrets, await (log ? runLogged(request, log, start) : start(request)));
    };
    const failed = (error: unknown): ProbeResult => ({ ok: false, because: errorText(error) });
    const reading = new AbortController();
    const mark = extra.ORCH_NONCE === undefined ? {} : { ORCH_NONCE: extra.ORCH_NONCE };
    const how = { extra: mark, mayBeKept: !prepared.readsSecrets, signal: reading.signal };
    const read = declaresSecrets(spec) ? readSecrets(spec, index, context, how) : Promise.resolve(NO_SECRETS);
    void read.then(run).catch(failed).then(settle);
    return () => {
      isOver = true;
      reading.abort();
      running?.cancel('not wanted any more');
    };
  });
}

/** Its output goes to the log. The reason of a failure ends with the last line of it, as without a log. */
async function runLogged(
  request: ExecRequest,
  log: CommandLog,
  start: (request: ExecRequest) => Promise<ProbeResult>,
): Promise<ProbeResult> {
  const output = await log.open();
  if (output === null) return start(request);
  try {
    const outcome = await start({ ...request, output });
    // Also of a success: what follows may write to the log at once.
    const tail = await output.tail();
    if (outcome.ok) return outcome;
    const text = maskSecrets(tail, request.secrets).trim();
    const lines = text === '' ? [] : text.split('\n').map((line) => line.trim());
    log.failed?.(lines);
    const last = lines.at(-1)?.slice(-LAST_LINE_CHARS);
    return last === undefined ? outcome : { ok: false, because: `${outcome.because}: ${last}` };
  } finally {
    output.close();
  }
}

function withMissingSecret({ missing }: Secrets, outcome: ProbeResult): ProbeResult {
  return outcome.ok || !missing ? outcome : { ok: false, because: `${outcome.because} (${missing.detail})` };
}
