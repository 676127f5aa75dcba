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
    return null; // the directory does not exist
  }
}

export type OpenProject = { paths: ProjectPaths; client: Client } | { paths: ProjectPaths | null; client: null };

/** @returns `client` null: no supervisor runs. `paths` null: the directory does not exist. Throws ClientErrors. */
export async function openProject(context: CliContext): Promise<OpenProject> {
  const paths = findPaths(context);
  const client = paths && (await connect(paths));
  return client ? { paths: paths!, client } : { paths, client: null };
}

/** Runs `action` with a connection and closes it afterwards. Without a supervisor: prints that (exit code 3). */
export async function withSupervisor(
  context: CliContext,
  action: (client: Client, paths: ProjectPaths) => Promise<ExitCode>,
): Promise<ExitCode> {
  try {
    const { paths, client } = await openProject(context);
    if (!client) return fail(context, noSupervisorError(context));
    try {
      return await action(client, paths);
    } finally {
      client.close();
    }
  } catch (error) {
    return failRequest(context, error);
  }
}

/** Prints a ClientError and returns its exit code. Every other error is a bug and is thrown again. */
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
