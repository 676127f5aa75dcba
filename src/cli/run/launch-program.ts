// Runs a program with the directory, environment and limits of a service in the terminal of the caller. Not an instance.
import { RESERVED_VARIABLES } from '../../config/tree/instance-variables.ts';
import { parsePortReference } from '../../core/ports.ts';
import { shellExitCode } from '../../core/shell-exit-code.ts';
import type { Exit } from '../../core/slot.ts';
import type { Command, ServiceSpec } from '../../core/spec.ts';
import {
  declaresSecrets,
  type InstanceLaunch,
  type LaunchContext,
  launchCommand,
  NO_SECRETS,
  readSecrets,
  type Secrets,
} from '../../launch/environment.ts';
import { runInForeground } from '../../launch/foreground.ts';
import { whyRefused } from '../../launch/run-as.ts';
import { wrapInShell } from '../../launch/wrapper.ts';
import { callerSoftLimit } from '../context/caller-limit.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { fail, printError } from '../context/errors.ts';

/** As a shell reports a program that may not be run. */
const NOT_PERMITTED = 126;

export type Program = {
  spec: ServiceSpec;
  /** From 1: whose variables it gets. */
  index: number;
  command: Command;
  /** Wins over everything that is declared. */
  set: Record<string, string>;
  launchContext: LaunchContext;
  /** For its ORCH_NONCE; left out: that of the instance in which this command was called, if it was. */
  nonce?: string | undefined;
  /** It may send messages by Node's IPC, which are ignored. */
  withChannel?: boolean;
};

/** What is to be done once it runs (with its pid), and when it has ended. */
export type ProgramWatch = { onStart(pid: number): Promise<void>; onEnd(): void };

/** @returns its exit code, 128 + n for a signal; 126 or 127, after printing why, where it cannot be started */
export async function launchProgram(context: CliContext, program: Program, watch?: ProgramWatch): Promise<ExitCode> {
  try {
    const launch = await prepareLaunch(context, program);
    if (typeof launch === 'number') return launch;
    const { pid, ended } = await runInForeground(launch, { withChannel: program.withChannel ?? false });
    if (pid !== null) await watch?.onStart(pid);
    return reportExit(context, await ended);
  } finally {
    watch?.onEnd();
  }
}

async function prepareLaunch(context: CliContext, program: Program): Promise<InstanceLaunch | ExitCode> {
  const { spec, index, command, set, launchContext, nonce = context.environment.ORCH_NONCE } = program;
  const reserved = Object.keys(set).find((name) => RESERVED_VARIABLES.has(name));
  if (reserved !== undefined) return fail(context, { code: 'usage', message: `orch itself sets ${reserved}` });
  const refused = whyRefused(spec);
  if (refused !== null) {
    printError(context, { code: 'failed', message: refused });
    return NOT_PERMITTED;
  }
  const unknown = spec.usesPorts.find((name) => launchContext.portOf(name) === undefined);
  if (unknown !== undefined) return fail(context, unknownPort(unknown));
  const secrets = declaresSecrets(spec) ? await readInterruptibly(spec, index, launchContext) : NO_SECRETS;
  if (typeof secrets === 'number') return secrets;
  if (secrets.missing) return fail(context, { code: 'failed', message: secrets.missing.detail });
  // Called within an instance, it is a part of that one, and is found and stopped with it.
  const extra = { ...secrets.values, ...(nonce && { ORCH_NONCE: nonce }), ...set };
  const launch = launchCommand(spec, index, command, extra, launchContext);
  return wrapInShell(launch, { listen: [], limits: spec.limits }, callerSoftLimit());
}

/**
 * The programs that print the secrets have a session of their own: what the terminal sends does not reach them.
 * @returns 128 + n if a signal has ended the wait
 */
async function readInterruptibly(
  spec: ServiceSpec,
  index: number,
  context: LaunchContext,
): Promise<Secrets | ExitCode> {
  const abort = new AbortController();
  let received: NodeJS.Signals | null = null;
  const listener = (signal: NodeJS.Signals): void => {
    received = signal;
    abort.abort();
  };
  for (const signal of ENDING) process.on(signal, listener);
  try {
    const secrets = await readSecrets(spec, index, context, { signal: abort.signal });
    return received === null ? secrets : shellExitCode({ signal: received });
  } finally {
    for (const signal of ENDING) process.removeListener(signal, listener);
  }
}

const ENDING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

function unknownPort(name: string) {
  const service = parsePortReference(name)?.service ?? name;
  const message = `the port that \${${name}} stands for is not known: ${service} does not run`;
  return { code: 'failed', message, hint: `start it with \`orch start ${service}\` or \`orch up -d ${service}\`` };
}

function reportExit(context: CliContext, exit: Exit): ExitCode {
  if ('spawnError' in exit) printError(context, { code: 'failed', message: exit.detail });
  return shellExitCode(exit);
}
