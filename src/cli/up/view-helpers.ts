// What the view cannot do by the supervisor alone: edit files, and read what they say.
import type { Client } from '../../api/client.ts';
import { inputPath, type ProjectPaths } from '../../api/paths.ts';
import type { TuiOptions } from '../../tui/tui-options.ts';
import { scaleInFile, toWireError } from '../context/configuration.ts';
import type { CliContext } from '../context/context.ts';

type ViewHelpers = Required<Pick<TuiOptions, 'scaleInFile' | 'describe' | 'findPlace' | 'typing'>>;

/** @param client of the supervisor that answers now */
export function viewHelpers(context: CliContext, paths: ProjectPaths, client: () => Client): ViewHelpers {
  return {
    async scaleInFile(service, size) {
      const { problems, held } = await scaleInFile(context, client(), { [service]: size });
      const [problem] = problems;
      return problem ? { ok: false, error: toWireError(problem) } : { ok: true, held };
    },
    async describe(name) {
      const { readDetails } = await import('../details/read-details.ts');
      const details = await readDetails(context, client(), paths, name);
      if (details === null) throw new Error(`${name} is gone`);
      return details;
    },
    async findPlace(service) {
      const { findServicePlace } = await import('../details/service-place.ts');
      return findServicePlace(context, client(), service);
    },
    typing: {
      async send(instance, lines) {
        const { sendLines } = await import('./send-lines.ts');
        sendLines(inputPath(paths, instance), instance, lines);
      },
      attachCommand: (instance) => [
        ...[process.execPath, ...process.execArgv, process.argv[1]!, '--file', context.file],
        ...(context.stateDir === null ? [] : ['--state-dir', context.stateDir]),
        ...['attach', instance],
      ],
    },
  };
}
