// From a declared service to the exact program, directory and environment of one instance. Pure but for reading the
// supervisor's own environment once.

import { relative } from 'node:path';
import { instanceVariables } from '../../config/tree/instance-variables.ts';
import { expandTemplate } from '../../config/tree/template.ts';
import type { Command, ProjectConfig, ServiceSpec } from '../../core/model.ts';
import { secretFileReader } from '../../os/secret-file.ts';
import { isTransient, type SpawnFailure, shellCommand } from '../../os/spawn/spawn.ts';

export type InstanceLaunch = { file: string; args: string[]; cwd: string; env: Record<string, string> };
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
): InstanceLaunch {
  return launchCommand(spec, index, spec.command, { ...extra, ORCH_NONCE: nonce }, context);
}

/** Another command with the directory and environment of the instance: a probe, a drain, a stop. */
export function launchCommand(
  spec: ServiceSpec,
  index: number,
  command: Command,
  extra: Record<string, string>,
  context: LaunchContext,
): InstanceLaunch {
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
  return (template) => expandChecked(template, own);
}

/** The loader has checked every template: a variable that is missing here is a fault of ours. */
function expandChecked(template: string, own: Record<string, string>): string {
  const expansion = expandTemplate(template, own);
  if (!expansion.ok) throw new Error(expansion.problems.map(({ message }) => message).join('; '));
  return expansion.text;
}

function programOf(command: Command, expand: (template: string) => string): { file: string; args: string[] } {
  if (command.kind === 'shell') return shellCommand(command.line);
  const [file, ...args] = command.argv.map(expand);
  return { file: file!, args };
}

// The secrets of one start: read at that moment from the files that the configuration names, handed on, and forgotten.

export type Secrets = {
  /** By variable; those that could be read. */
  values: Record<string, string>;
  /** The first that could not be read, `detail` as a sentence with variable and file; null: none. */
  missing: SpawnFailure | null;
};

export const NO_SECRETS: Secrets = { values: {}, missing: null };

/** Most services declare none, and then a start waits for nothing. */
export function declaresSecrets(spec: ServiceSpec): boolean {
  return Object.values(spec.env).some((value) => typeof value !== 'string');
}

/**
 * All side by side, so that those on a dead drive cost one wait.
 * @param index of the instance, from 1.
 */
export async function readSecrets(spec: ServiceSpec, index: number, context: LaunchContext): Promise<Secrets> {
  const expand = expanderOf(spec, index, context);
  const declared = Object.entries(spec.env).flatMap(([name, value]) =>
    typeof value === 'string' ? [] : [{ name, path: expand(value.secret) }],
  );
  const files = await Promise.all(declared.map(({ path }) => secretFileReader.read(path)));
  const secrets: Secrets = { values: {}, missing: null };
  for (const [at, { name, path }] of declared.entries()) {
    const file = files[at]!;
    if (file.ok) secrets.values[name] = file.text;
    else
      secrets.missing ??= secretFailure(
        file.errno,
        secretSentence(name, displayPath(path, context.root), file.because),
      );
  }
  return secrets;
}

function secretFailure(errno: string, detail: string): SpawnFailure {
  return { ok: false, errno, detail, transient: isTransient(errno) };
}

function secretSentence(name: string, path: string, because: string): string {
  return `the secret ${name} cannot be had: ${path} ${because}; \`env.${name}.secret\` names this file`;
}

/** As the user would name it where it lies in the project. */
function displayPath(path: string, root: string): string {
  const name = relative(root, path);
  return name.startsWith('..') ? path : name;
}
