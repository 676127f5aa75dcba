// `exit_record` puts a shell between orch and the program: what is meant for the main process alone would not reach it.
import type { Problem, ProjectConfig, ServiceSpec } from '../../core/model.ts';
import type { Tree } from '../tree/tree.ts';
import { type Clash, clashProblems } from './clashes.ts';

export function checkExitRecord(config: ProjectConfig, tree: Tree): Problem[] {
  return config.services
    .filter(({ exitRecord }) => exitRecord)
    .flatMap((spec) => clashProblems(spec, tree, clashesOf(spec), 'exit_record', 'exit-record-clash'));
}

function clashesOf({ stop, singleton, tty }: ServiceSpec): Clash[] {
  const clashes: Clash[] = [];
  if (stop.to === 'main' && !tty)
    clashes.push(['stop.to', 'the main process is the shell that writes the record down']);
  if (singleton?.pidFile) clashes.push(['singleton.pid_file', 'the pid would be that of the shell']);
  return clashes;
}
