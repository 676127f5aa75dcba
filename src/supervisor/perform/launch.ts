// From a declared service to the exact program, directory and environment of one instance. Pure but for reading the
// supervisor's own environment once.

import { instanceVariables } from '../../config/instance-variables.ts';
import { expandTemplate } from '../../config/template.ts';
import type { Command, ProjectConfig, ServiceSpec } from '../../core/model.ts';
import { shellCommand } from '../../runtime/spawn/spawn.ts';

export type Launch = { file: string; args: string[]; cwd: string; env: Record<string, string> };
export type LaunchContext = Pick<ProjectConfig, 'project' | 'env' | 'root'> & {
  /** The supervisor's own environment without what another orch put there. */
  inherited: Record<string, string>;
};

/** @returns the environment that instances inherit: the supervisor's, less the variables that are ours to set. */
export function inheritedEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const inherited: Record<string, string> = {};
  for (const [key, value] of Object.entries(environment)) {
    // LISTEN_…: sockets that were meant for whoever started us.
    if (value !== undefined && !/^(ORCH_|LISTEN_(PID|FDS|FDNAMES)$)/.test(key)) inherited[key] = value;
  }
  return inherited;
}

/**
 * @param index from 1.
 * @param extra on top of everything; the secrets of this start among it
 */
export function launchOf(
  spec: ServiceSpec,
  index: number,
  nonce: string,
  context: LaunchContext,
  extra: Record<string, string> = {},
): Launch {
  return launchBeside(spec, index, spec.command, { ...extra, ORCH_NONCE: nonce }, context);
}

/** Another command with the directory and environment of the instance: a probe, a drain, a stop. */
export function launchBeside(
  spec: ServiceSpec,
  index: number,
  command: Command,
  extra: Record<string, string>,
  context: LaunchContext,
): Launch {
  const expand = expanderOf(spec, index, context);
  const env = { ...context.inherited };
  for (const [key, value] of Object.entries(spec.env)) {
    if (typeof value === 'string') env[key] = expand(value);
    else delete env[key]; // a secret: in `extra` if it could be read, and in no case somebody else's
  }
  const { file, args } = programOf(command, expand);
  return { file, args, cwd: expand(spec.cwd), env: { ...env, ...instanceVariables(spec, index, context), ...extra } };
}

/** @returns the function that fills in the templates of one instance. */
export function expanderOf(spec: ServiceSpec, index: number, context: LaunchContext): (template: string) => string {
  const own = instanceVariables(spec, index, context);
  return (template) => expanded(template, own);
}

/** The loader has checked every template: a variable that is missing here is a fault of ours. */
function expanded(template: string, own: Record<string, string>): string {
  const expansion = expandTemplate(template, own);
  if (!expansion.ok) throw new Error(expansion.problems.map(({ message }) => message).join('; '));
  return expansion.text;
}

function programOf(command: Command, expand: (template: string) => string): { file: string; args: string[] } {
  if (command.kind === 'shell') return shellCommand(command.line);
  const [file, ...args] = command.argv.map(expand);
  return { file: file!, args };
}
