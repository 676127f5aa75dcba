// From the context to the project's paths and to its running supervisor.
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Client, ClientError, connect } from '../../api/client.ts';
import { type ProjectPaths, pathsOfFile, resolveLinks } from '../../api/paths.ts';
import { findRecordedPlace } from '../../api/recorded-places.ts';
import type { CliContext, ExitCode } from './context.ts';
import { fail } from './errors.ts';

export type ProjectPlace = Pick<CliContext, 'file' | 'stateDir'>;

/**
 * Of the supervisor that runs for this path, if its state is elsewhere by now.
 * @returns null when the directory of the file does not exist.
 */
export function findPaths({ file, stateDir }: ProjectPlace): ProjectPaths | null {
  const paths = pathsOfFile(file, stateDir);
  const isThere = existsSync(paths.root);
  const isPlain = isThere && existsSync(paths.socket) && resolveLinks(paths.root) === paths.root;
  if (isPlain || stateDir !== null) return isThere ? paths : null;
  const running = findRecordedPlace(paths.path);
  if (running && running.stateDir !== resolveLinks(paths.stateDir)) return pathsOfFile(file, running.stateDir);
  return isThere ? paths : null;
}

/**
 * The context and the paths of the project, of which a supervisor of an earlier version may run: it keeps the state of every
 * file in `.orch`.
 */
export async function locateProject<Context extends ProjectPlace>(
  context: Context,
): Promise<{ context: Context; paths: ProjectPaths } | null> {
  const paths = findPaths(context);
  if (!paths || context.stateDir !== null || paths.path === paths.root || existsSync(paths.socket))
    return paths && { context, paths };
  const stateDir = join(paths.root, '.orch');
  const former = { ...context, stateDir };
  const formerPaths = pathsOfFile(context.file, stateDir);
  return (await isUsedBy(formerPaths, context.file)) ? { context: former, paths: formerPaths } : { context, paths };
}

async function isUsedBy(paths: ProjectPaths, file: string): Promise<boolean> {
  const client = await connect(paths);
  if (!client) return existsSync(paths.stateFile) && basename(lastFileOf(paths)) === basename(file);
  const hello = await client.request('hello', {});
  client.close();
  return basename(hello.file) === basename(file);
}

/** Of the supervisor that left its state. An earlier version did not record it. */
function lastFileOf({ root, lockFile }: ProjectPaths): string {
  try {
    const { file } = JSON.parse(readFileSync(lockFile, 'utf8')) as { file?: string };
    if (file !== undefined) return file;
  } catch {
    // being written now, or no supervisor was here
  }
  return existsSync(join(root, 'procs.yaml')) ? 'procs.yaml' : '';
}

/** Throws a ClientError where the supervisor runs another project, whose state directory this one names. */
export async function checkProject(client: Client, { file }: ProjectPlace): Promise<void> {
  const hello = await client.request('hello', {});
  if (isSameFile(hello.file, file)) return;
  client.close();
  const message = `another project uses this state directory: ${hello.file} (supervisor pid ${hello.pid})`;
  const hint = `\`orch -f ${hello.file} down\` stops that one; \`--state-dir DIR\` or ORCH_STATE_DIR gives this one its own`;
  throw new ClientError({ code: 'conflict', message, hint });
}

/** @param running of the supervisor; undefined: an old one does not report it */
function isSameFile(running: string | undefined, own: string): boolean {
  if (running === undefined || running === own) return true;
  if (basename(running) !== basename(own)) return false;
  const [first, second] = [dirname(running), dirname(own)];
  return !existsSync(first) || resolveLinks(first) === resolveLinks(second);
}

export type OpenProject = { paths: ProjectPaths; client: Client } | { paths: ProjectPaths | null; client: null };

/** @returns `client` null: no supervisor runs. `paths` null: the directory does not exist. Throws ClientErrors. */
export async function openProject(context: ProjectPlace): Promise<OpenProject> {
  let paths = (await locateProject(context))?.paths ?? null;
  let client = paths && (await connect(paths));
  if (!client) {
    // Its supervisor may just have moved its state to where a switched link leads.
    const now = (await locateProject(context))?.paths ?? null;
    if (now?.socket !== paths?.socket) {
      paths = now;
      client = now && (await connect(now));
    }
  }
  if (client && (context.stateDir !== null || paths!.path !== paths!.root)) await checkProject(client, context);
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
  if (!(error instanceof ClientError)) throw error;
  return fail(context, error.message.includes('unknown method') ? olderSupervisorError : error.wire);
}

const olderSupervisorError = {
  code: 'failed',
  message: 'the running supervisor is of an older version, which cannot do this',
  hint: '`orch upgrade` replaces it; services keep running',
};

export function noSupervisorError(context: CliContext) {
  const directory = dirname(context.file);
  const name = basename(context.file);
  return {
    code: 'no-supervisor',
    message: `no supervisor runs for ${directory}`,
    hint: `start it with \`orch up\`${name === 'procs.yaml' ? '' : ` (file: ${name})`}, or name another project with \`-f\``,
  };
}
