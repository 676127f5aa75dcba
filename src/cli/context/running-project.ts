// From the context to the project's paths and to its running supervisor.
import { realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type Client, ClientError, connect } from '../../api/client.ts';
import { type ProjectPaths, projectPaths } from '../../api/paths.ts';
import type { CliContext, ExitCode } from './context.ts';
import { fail } from './errors.ts';

/** @returns null when the directory of the file does not exist. */
export function findPaths(context: CliContext): ProjectPaths | null {
  try {
    return projectPaths(realpathSync(dirname(context.file)));
  } catch {
    return null; // No such directory: nothing can run there.
  }
}

/** Runs `act` with a connection and closes it afterwards. Prints why not, when there is none (exit code 3). */
export async function withSupervisor(
  context: CliContext,
  act: (client: Client, paths: ProjectPaths) => Promise<ExitCode>,
): Promise<ExitCode> {
  try {
    const paths = findPaths(context);
    const client = paths && (await connect(paths));
    if (!paths || !client) return fail(context, noSupervisorError(context));
    try {
      return await act(client, paths);
    } finally {
      client.close();
    }
  } catch (error) {
    return failRequest(context, error);
  }
}

/** For a ClientError: printed, with its exit code. Everything else is a bug and goes on upwards. */
export function failRequest(context: CliContext, error: unknown): ExitCode {
  if (error instanceof ClientError) return fail(context, error.wire);
  throw error;
}

export function noSupervisorError(context: CliContext) {
  const directory = dirname(context.file);
  const name = basename(context.file);
  return {
    code: 'no-supervisor',
    message: `no supervisor runs for ${directory}`,
    hint: `start it with \`orch up\`${name === 'procs.yaml' ? '' : ` (file: ${name})`}, or name another project with \`-f\``,
  };
}
