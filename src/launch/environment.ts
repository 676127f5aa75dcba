// From a declared service to the exact program, directory and environment of one instance, and the secrets of one start.
// Starts nothing.
import { instanceVariables } from '../config/tree/instance-variables.ts';
import { expandTemplate } from '../config/tree/template.ts';
import { parsePortReference } from '../core/ports.ts';
import type { Command, ProjectConfig, ServiceSpec } from '../core/spec.ts';
import { isTransient, type SpawnFailure, shellCommand } from '../os/spawn/spawn.ts';
import { runAs, userVariables } from './run-as.ts';
import { readSecret } from './secret-source.ts';

/** What the commands of one instance need to know that is not in its declaration. */
export type LaunchContext = Pick<ProjectConfig, 'project' | 'env' | 'root'> & {
  /** The variables that it gets unless it declares others, without those of another orch. */
  inherited: Record<string, string>;
  /** What `PORT` (with `port: auto`) and references such as `api.port` stand for; undefined: not known. */
  portOf(name: string): string | undefined;
  /** A variable as the running process of the instance has it; missing or undefined: not known. */
  ownVariable?(name: string): string | undefined;
};

/** Not the variables of another orch, and no sockets that were meant for the supervisor itself. */
const isInheritable = (name: string): boolean => !/^(ORCH_|LISTEN_(PID|FDS|FDNAMES)$)/.test(name);

/** What a program inherits of a caller's variables. @param stateDir null: at its usual place */
export function inheritedVariables(environment: NodeJS.ProcessEnv, stateDir: string | null): Record<string, string> {
  const inherited: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && isInheritable(name)) inherited[name] = value;
  }
  return stateDir === null ? inherited : { ...inherited, ORCH_STATE_DIR: stateDir };
}

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
  const env = { ...context.inherited, ...userVariables(spec) };
  for (const [key, value] of Object.entries(spec.env)) {
    if (typeof value === 'string') env[key] = expand(value);
    else delete env[key]; // a secret: in `extra` if it could be read, and never the inherited variable
  }
  const { file, args } = runAs(programOf(command, expand), spec);
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

/** The secrets of one start: read where they are declared, and passed on. */
export type Secrets = {
  /** By variable; those that could be read. */
  values: Record<string, string>;
  /** The first that could not be read; `detail` names the variable and where it comes from. */
  missing: SpawnFailure | null;
};

export const NO_SECRETS: Secrets = { values: {}, missing: null };

export type SecretReading = {
  /** Added to the environment of programs that print a secret: a mark, so that they are found after a crash. */
  extra?: Record<string, string>;
  /** For commands that run often: what a program printed at the start of the instance is good enough. */
  mayBeKept?: boolean;
  /** Ends the programs: the secrets are not wanted any more. */
  signal?: AbortSignal;
};

/** Most services declare none: their start waits for nothing. */
export function declaresSecrets(spec: ServiceSpec): boolean {
  return Object.values(spec.env).some((value) => typeof value !== 'string');
}

/**
 * Reads all of them at the same time, so that a dead drive costs one wait.
 * @param index of the instance, from 1.
 */
export async function readSecrets(
  spec: ServiceSpec,
  index: number,
  context: LaunchContext,
  { extra = {}, mayBeKept = false, signal }: SecretReading = {},
): Promise<Secrets> {
  const { root, inherited } = context;
  const instance = `${spec.name}.${index}`;
  const expand = expanderOf(spec, index, context);
  const launch = (command: Command) => launchCommand(spec, index, command, extra, context);
  const own = (name: string) => context.ownVariable?.(name);
  const shared = { instance, root, inherited, expand, launch, own, mayBeKept, signal };
  const declared = Object.entries(spec.env).flatMap(([name, value]) =>
    typeof value === 'string' ? [] : [{ name, source: value.secret }],
  );
  const results = await Promise.all(declared.map((one) => readSecret({ ...shared, ...one })));
  const secrets: Secrets = { values: {}, missing: null };
  for (const [at, { name, source }] of declared.entries()) {
    const result = results[at]!;
    if (result.ok) {
      secrets.values[name] = result.text;
      continue;
    }
    const says = typeof source === 'string' ? 'names this file' : 'says where it comes from';
    const detail = `cannot read secret ${name}: ${result.because}; \`env.${name}.secret\` ${says}`;
    secrets.missing ??= { ok: false, errno: result.errno, detail, transient: isTransient(result.errno) };
  }
  return secrets;
}
