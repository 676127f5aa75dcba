// From global options and the process' surroundings to a CliContext: which project, which environment, colours or not.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export type GlobalOptions = { file?: string | undefined; env?: string | undefined; json?: boolean; color?: boolean };
export type HostProcess = Pick<CliContext, 'stdout' | 'stderr' | 'environment' | 'cwd'>;

export function createContext(globals: GlobalOptions, around: HostProcess): CliContext {
  return {
    ...around,
    file: globals.file === undefined ? discoverFile(around.cwd) : resolve(around.cwd, globals.file),
    // `-e ''`: none, whatever ORCH_ENV says.
    env: (globals.env ?? around.environment.ORCH_ENV) || null,
    json: globals.json ?? false,
    colour: globals.color !== false && areColoursWanted(around),
  };
}

/**
 * `procs.yaml` in `cwd` or the nearest parent that is a project, as git does. A directory that holds only `.orch/` is one
 * too: its file may have been deleted while its services run.
 * @returns an absolute path; `<cwd>/procs.yaml` when no project is found.
 */
export function discoverFile(cwd: string): string {
  for (let directory = cwd; ; directory = dirname(directory)) {
    const file = join(directory, 'procs.yaml');
    if (existsSync(file) || existsSync(join(directory, '.orch'))) return file;
    if (directory === dirname(directory)) return join(cwd, 'procs.yaml');
  }
}

/** https://no-color.org and FORCE_COLOR as chalk and Node read it. */
function areColoursWanted({ environment, stdout }: HostProcess): boolean {
  if (environment.NO_COLOR) return false;
  if (environment.FORCE_COLOR !== undefined)
    return environment.FORCE_COLOR !== '0' && environment.FORCE_COLOR !== 'false';
  return stdout.isTTY === true && environment.TERM !== 'dumb';
}

/** Where tables may cut: the terminal's width; null when stdout is no terminal. */
export function tableWidth(context: CliContext): number | null {
  return context.stdout.isTTY ? (context.stdout.columns ?? 80) : null;
}

// What every command module is given and gives back. Types only.
//
// A module src/cli/<name>.ts exports `run<Name>(context, options, ...args): Promise<ExitCode>`; main.ts loads it when its
// command was chosen. It writes to the context's streams, never to `process`, and never calls process.exit.

export type CliContext = {
  /** Absolute path of procs.yaml; it may not exist. */
  file: string;
  /** `--env`, else ORCH_ENV, else null. */
  env: string | null;
  /** `--json` was given. */
  json: boolean;
  stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number; writableLength?: number; destroyed?: boolean };
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
  /** May SGR sequences be written to stdout? NO_COLOR, `--no-color`, TERM=dumb, no TTY: false; FORCE_COLOR: true. */
  colour: boolean;
  environment: Record<string, string | undefined>;
  cwd: string;
};

/** 0 done; 1 it did not work out; 2 bad usage or configuration (plan: changes); 3 no supervisor runs; 4 conflict. */
export type ExitCode = 0 | 1 | 2 | 3 | 4;
