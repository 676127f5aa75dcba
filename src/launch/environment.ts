// From a declared service to the exact program, directory and environment of one instance, and the secrets of one start.
// Starts nothing.
import { relative } from 'node:path';
import { instanceVariables } from '../config/tree/instance-variables.ts';
import { expandTemplate } from '../config/tree/template.ts';
import { parsePortReference } from '../core/ports.ts';
import type { Command, ProjectConfig, ServiceSpec } from '../core/spec.ts';
import { secretFileReader } from '../os/secret-file.ts';
import { isTransient, type SpawnFailure, shellCommand } from '../os/spawn/spawn.ts';

/** What the commands of one instance need to know that is not in its declaration. */
export type LaunchContext = Pick<ProjectConfig, 'project' | 'env' | 'root'> & {
  /** The variables that it gets unless it declares others, without those of another orch. */
  inherited: Record<string, string>;
  /** What `PORT` (with `port: auto`) and references such as `api.port` stand for; undefined: not known. */
  portOf(name: string): string | undefined;
};

/** Not the variables of another orch, and no sockets that were meant for the supervisor itself. */
export const isInheritable = (name: string): boolean => !/^(ORCH_|LISTEN_(PID|FDS|FDNAMES)$)/.test(name);

export type InstanceLaunch = { file: string; args: string[]; cwd: string; env: Record<string, string> };

/**
 * A command with the directory and environment of an instance: its program, a probe, a drain, a stop.
 * @param index from 1
 * @param extra overrides everything else; secrets among it
 */
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
    else delete env[key]; // a secret: in `extra` if it could be read, and never the inherited variable
  }
  const { file, args } = programOf(command, expand);
  const own = instanceVariables(spec, index, context, ownPort(spec, index, context));
  return { file, args, cwd: expand(spec.cwd), env: { ...env, ...own, ...extra } };
}

/** @returns the function that fills in the templates of one instance. */
export function expanderOf(spec: ServiceSpec, index: number, context: LaunchContext): (template: string) => string {
  const own = instanceVariables(spec, index, context, ownPort(spec, index, context));
  return (template) => expandChecked(template, own, context);
}

/** @returns null for a service without a port. @throws where none could be chosen */
function ownPort(spec: ServiceSpec, index: number, { portOf }: LaunchContext): string | null {
  if (spec.port === null) return null;
  const port = spec.port === 'auto' ? portOf('PORT') : String(spec.port + index - 1);
  if (port === undefined) throw new Error('no TCP port is free');
  return port;
}

/** The loader has checked every template: a variable that is missing here is a bug. */
function expandChecked(template: string, own: Record<string, string>, { portOf }: LaunchContext): string {
  const expansion = expandTemplate(template, own, (name) => (parsePortReference(name) ? portOf(name) : undefined));
  if (!expansion.ok) throw new Error(expansion.problems.map(({ message }) => message).join('; '));
  return expansion.text;
}

function programOf(command: Command, expand: (template: string) => string): { file: string; args: string[] } {
  if (command.kind === 'shell') return shellCommand(command.line);
  const [file, ...args] = command.argv.map(expand);
  return { file: file!, args };
}

/** The secrets of one start: read from their files, passed on, never kept. */
export type Secrets = {
  /** By variable; those that could be read. */
  values: Record<string, string>;
  /** The first that could not be read; `detail` names variable and file. */
  missing: SpawnFailure | null;
};

export const NO_SECRETS: Secrets = { values: {}, missing: null };

/** Most services declare none: their start waits for nothing. */
export function declaresSecrets(spec: ServiceSpec): boolean {
  return Object.values(spec.env).some((value) => typeof value !== 'string');
}

/**
 * Reads all files at the same time, so that a dead drive costs one wait.
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
    if (file.ok) {
      secrets.values[name] = file.text;
      continue;
    }
    const shown = displayPath(path, context.root);
    const detail = `cannot read secret ${name}: ${shown} ${file.because}; \`env.${name}.secret\` names this file`;
    secrets.missing ??= { ok: false, errno: file.errno, detail, transient: isTransient(file.errno) };
  }
  return secrets;
}

/** @returns the path as the user would write it: relative to the project inside of it, absolute elsewhere. */
export function displayPath(path: string, root: string): string {
  const name = relative(root, path);
  return name.startsWith('..') ? path : name;
}
