// Which project a call of the library is about, as the global options of the command line say it.
import { basename } from 'node:path';
import { Writable } from 'node:stream';
import type { WireError } from '../api/protocol.ts';
import { type CliContext, createContext } from '../cli/context/context.ts';
import type { Problem } from '../core/load-result.ts';

export type ProjectOptions = {
  /** The configuration file. Default: `procs.yaml` in the current directory or the nearest parent that has one. */
  file?: string | undefined;
  /** The environment: `prod`, or several overlays in their order, `dev,local`. Default: `ORCH_ENV` of `variables`. */
  env?: string | null | undefined;
  /** For `${VAR}` in the file. Default: `process.env`. */
  variables?: Record<string, string | undefined> | undefined;
  /** Where the project keeps its state. Default: `ORCH_STATE_DIR` of `variables`, else next to the file. */
  stateDir?: string | undefined;
};

/** The files are wrong, or could not be read. */
export type Rejected = { ok: false; problems: Problem[] };

/**
 * @internal
 * @param given options, or only the file
 */
export function contextOf(given: string | ProjectOptions): CliContext {
  const { file, env, variables, stateDir } = typeof given === 'string' ? { file: given } : given;
  const nothing = new Writable({ write: (_chunk, _encoding, done) => done() });
  const host = { stdout: nothing, stderr: nothing, environment: variables ?? process.env, cwd: process.cwd() };
  return createContext({ file, env: env === null ? '' : env, stateDir, color: false }, host);
}

/**
 * @internal
 * @param file that the error is about, where it names none
 */
export function problemOf({ code, message, hint, ...at }: WireError, file: string): Problem {
  const { file: named = basename(file), line = null, column = null } = at;
  return { severity: 'error', file: named, line, column, code, message, hint: hint ?? null, excerpt: null };
}
