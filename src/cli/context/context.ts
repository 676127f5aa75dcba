// The context that every command is given, made from the global options and the host process: project, environment, colours.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathsOfFile, projectMarks } from '../../api/paths.ts';
import { environmentName, NO_PERSONAL_VARIABLE } from '../../core/environment-name.ts';

export type CliContext = {
  /** Absolute path of procs.yaml; it may not exist. */
  file: string;
  /** `--state-dir`, else ORCH_STATE_DIR, absolute; null: next to the file. */
  stateDir: string | null;
  /** `--env`, else ORCH_ENV, else null: the overlays in their order, with commas. */
  env: string | null;
  /** `--env`, which may be ''; undefined: not given. */
  envOption?: string | undefined;
  /** `--json` was given. */
  json: boolean;
  stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number; writableLength?: number; destroyed?: boolean };
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
  /** May SGR sequences be written to stdout? NO_COLOR, `--no-color`, TERM=dumb, no TTY: false; FORCE_COLOR: true. */
  colour: boolean;
  environment: Record<string, string | undefined>;
  cwd: string;
};

/** 0 done; 1 failed; 2 bad usage or configuration (plan: changes); 3 no supervisor runs; 4 conflict; or that of a program. */
export type ExitCode = number;

export type GlobalOptions = {
  file?: string | undefined;
  env?: string | undefined;
  stateDir?: string | undefined;
  /** False: `--no-local`. */
  local?: boolean;
  json?: boolean;
  color?: boolean;
};
export type HostProcess = Pick<CliContext, 'stdout' | 'stderr' | 'environment' | 'cwd'>;

export function createContext(globals: GlobalOptions, host: HostProcess): CliContext {
  const file = globals.file === undefined ? discoverFile(host.cwd) : resolve(host.cwd, globals.file);
  return {
    ...host,
    environment: environmentFor(file, globals.local === false, host.environment),
    file,
    // An empty option: none, even with the variable.
    env: environmentName(globals.env ?? variableFor(file, 'ORCH_ENV', host.environment)),
    stateDir: stateDirectory(globals.stateDir ?? variableFor(file, 'ORCH_STATE_DIR', host.environment), host.cwd),
    envOption: globals.env,
    json: globals.json ?? false,
    colour: globals.color !== false && areColoursWanted(host),
  };
}

const stateDirectory = (given: string | undefined, cwd: string): string | null => (given ? resolve(cwd, given) : null);

/** With the variable that leaves the personal overlay out, where that is asked for: so an `up` hands it on. */
function environmentFor(
  file: string,
  isLeftOut: boolean,
  environment: HostProcess['environment'],
): HostProcess['environment'] {
  const inherited = variableFor(file, NO_PERSONAL_VARIABLE, environment);
  const wanted = isLeftOut ? '1' : inherited;
  return wanted === environment[NO_PERSONAL_VARIABLE]
    ? environment
    : { ...environment, [NO_PERSONAL_VARIABLE]: wanted };
}

/** @returns the variable. To a program, orch gives that of its own project: it says nothing about another one. */
function variableFor(
  file: string,
  name: 'ORCH_ENV' | 'ORCH_STATE_DIR' | typeof NO_PERSONAL_VARIABLE,
  environment: HostProcess['environment'],
): string | undefined {
  const { [name]: value, ORCH_NONCE } = environment;
  return !value || !ORCH_NONCE || isNonceOf(file, ORCH_NONCE) ? value : undefined;
}

function isNonceOf(file: string, nonce: string): boolean {
  return projectMarks(pathsOfFile(file, null)).some((prefix) => nonce.startsWith(prefix));
}

/**
 * `procs.yaml` in `cwd` or the nearest parent that is a project, as git does. A directory that holds only `.orch/` is a
 * project too: its file may have been deleted while its services run.
 * @returns an absolute path; `<cwd>/procs.yaml` when no project is found.
 */
export function discoverFile(cwd: string): string {
  for (let directory = cwd; ; directory = dirname(directory)) {
    const file = join(directory, 'procs.yaml');
    if (existsSync(file) || existsSync(join(directory, '.orch'))) return file;
    if (directory === dirname(directory)) return join(cwd, 'procs.yaml');
  }
}

/** https://no-color.org, and FORCE_COLOR as chalk and Node read it. */
function areColoursWanted({ environment, stdout }: HostProcess): boolean {
  if (environment.NO_COLOR) return false;
  if (environment.FORCE_COLOR !== undefined)
    return environment.FORCE_COLOR !== '0' && environment.FORCE_COLOR !== 'false';
  return stdout.isTTY === true && environment.TERM !== 'dumb';
}

/** The width at which tables may be cut; null if stdout is not a terminal. */
export function tableWidth(context: CliContext): number | null {
  return context.stdout.isTTY ? (context.stdout.columns ?? 80) : null;
}
