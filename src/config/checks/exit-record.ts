// `exit_record` puts a shell between orch and the program: what is meant for the main process alone would not reach it.
import type { Problem, ProjectConfig, ServiceSpec } from '../../core/model.ts';
import { problemAt } from '../problem.ts';
import type { Tree } from '../tree/tree.ts';
import { placesIn } from './places.ts';

export function checkExitRecord(config: ProjectConfig, tree: Tree): Problem[] {
  const placeOf = placesIn(tree);
  return config.services
    .filter(({ exitRecord }) => exitRecord)
    .flatMap((spec) =>
      clashesOf(spec).map(([key, why]) =>
        problemAt(placeOf(['services', spec.name, ...key.split('.')]), {
          code: 'exit-record-clash',
          message: `\`${key}\` does not go with \`exit_record\`: ${why}`,
          hint: 'take one of the two out',
        }),
      ),
    );
}

function clashesOf({ stop, singleton, tty }: ServiceSpec): [key: string, why: string][] {
  const clashes: [string, string][] = [];
  if (stop.to === 'main' && !tty)
    clashes.push(['stop.to', 'the main process is the shell that writes the record down']);
  if (singleton?.pidFile) clashes.push(['singleton.pid_file', 'the pid would be that of the shell']);
  return clashes;
}
