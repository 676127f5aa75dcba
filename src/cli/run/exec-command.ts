// `orch exec`: another command in the place of a service: its directory, environment and limits.
import { escapeTemplate } from '../../config/tree/template.ts';
import { parseInstanceId } from '../../core/spec.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { withSupervisor } from '../context/running-project.ts';
import { launchProgram } from './launch-program.ts';

export type ExecOptions = { set?: Record<string, string> };

/** They say what the caller's terminal can do, not what the project needs. */
const OF_THE_TERMINAL = ['TERM', 'COLORTERM', 'NO_COLOR', 'FORCE_COLOR'];

export function execInPlace(
  context: CliContext,
  { set = {} }: ExecOptions,
  [name, ...argv]: string[],
): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const { instance, isRunning, spec, inherited, ports, ...place } = await client.request('launchContext', {
      name: name!,
    });
    if (!isRunning) context.stderr.write(`${name} is not running: the command gets what ${instance} would be given\n`);
    const terminal = OF_THE_TERMINAL.flatMap((variable) => {
      const value = context.environment[variable];
      return value === undefined ? [] : [[variable, value]];
    });
    return launchProgram(context, {
      spec,
      index: parseInstanceId(instance)!.index,
      command: { kind: 'argv', argv: argv.map(escapeTemplate) },
      set,
      launchContext: {
        ...place,
        inherited: { ...inherited, ...Object.fromEntries(terminal) },
        portOf: (port) => ports[port],
      },
    });
  });
}
