// `notify` probes need a program that holds the socket: better to say so at load than at the first start.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Problem, ProjectConfig } from '../../core/model.ts';
import { problemAt } from '../problem.ts';
import { descend, type Tree } from '../tree/tree.ts';

/** As runtime/sockets/notify-relay.ts, which this must not import. */
const PROGRAMS = ['perl', 'python3'];

/** @param path the PATH that orch runs with */
export function checkNotify(config: ProjectConfig, tree: Tree, path: string): Problem[] {
  const uses = config.services.flatMap((spec) =>
    (['startup', 'readiness', 'liveness'] as const)
      .filter((key) => spec[key]?.checks.some(({ kind }) => kind === 'notify'))
      .map((key) => ['services', spec.name, key, 'notify']),
  );
  if (uses.length === 0 || PROGRAMS.some((program) => isOnPath(program, path))) return [];
  return uses.map((place) =>
    problemAt(descend(tree, place).tree.at, {
      code: 'not-supported-here',
      message: '`notify` needs perl or python3 to hold its socket, and neither is on PATH',
      hint: 'install one of them, or use another probe',
    }),
  );
}

function isOnPath(program: string, path: string): boolean {
  return path.split(delimiter).some((directory) => directory !== '' && isExecutable(join(directory, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not for us: the next directory may have it
  }
}
