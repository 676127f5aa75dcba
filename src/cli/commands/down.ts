// `orch down`: stops everything and returns once every process is gone. A project that is not running is not an error:
// scripts may call it twice.
import { type ProjectPaths, pathsOfFile, projectMarks } from '../../api/paths.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { type CommandDefinition, timeoutOption } from '../context/definition.ts';
import { fail } from '../context/errors.ts';
import { failRequest, openProject } from '../context/running-project.ts';

type DownOptions = { timeout?: number };

export const downCommand: CommandDefinition<DownOptions> = {
  name: 'down',
  group: 'Run',
  summary: 'stop everything, then the supervisor',
  details: 'Dependents stop before what they depend on. Returns only once every process is gone.',
  arguments: [],
  options: [timeoutOption('after this, kill what is left (default: the grace period of each service)')],
  examples: [
    ['orch down', 'each service has its grace period'],
    ['orch down --timeout 0', 'kill everything at once'],
  ],
  run: runDown,
};

async function runDown(context: CliContext, options: DownOptions): Promise<ExitCode> {
  const timeoutMs = options.timeout ?? null;
  try {
    const { paths, client } = await openProject(context);
    const { beginDown, takeDown, takeDownOrphans } = await import('../up/take-down.ts');
    if (client && isPartOf(context, paths)) return await beginDown(client, context, timeoutMs);
    if (client) return await takeDown({ client, paths }, context, timeoutMs);
    const { hasOrphanedState, orphanProcesses } = await import('../up/supervisor-presence.ts');
    const unreachable = paths ? [] : orphanProcesses(pathsOfFile(context.file, null));
    if (unreachable.length > 0) return fail(context, stillAlive(context.file, unreachable));
    return paths && hasOrphanedState(paths)
      ? await takeDownOrphans(context, paths, timeoutMs)
      : reportNothingRuns(context);
  } catch (error) {
    return failRequest(context, error);
  }
}

/** A hook or an instance of the project, or a process that one of them started. */
const isPartOf = ({ environment: { ORCH_NONCE = '' } }: CliContext, paths: ProjectPaths): boolean =>
  projectMarks(paths).some((prefix) => ORCH_NONCE.startsWith(prefix));

const stillAlive = (file: string, pids: string[]) => ({
  code: 'failed',
  message: `the directory of ${file} is gone, but processes of the project are alive: pid ${pids.join(', ')}`,
  hint: 'make the directory again and run `orch down` there',
});

function reportNothingRuns(context: CliContext): ExitCode {
  context.stdout.write(context.json ? `${JSON.stringify({ stopped: 0, leftovers: [] })}\n` : 'nothing is running\n');
  return 0;
}
