// Files that are written: each by one, none of them ours, and none below a `~` that nobody expands.
import { join, sep } from 'node:path';
import type { Problem, ProjectConfig } from '../../core/model.ts';
import { describePlace, type Span } from '../files/source-file.ts';
import { problemAt, quote } from '../problem.ts';
import { child, entriesOf, type Tree } from '../tree/tree.ts';
import { type PlaceOf, placesIn } from './places.ts';
import { secretPlaces } from './secret-files.ts';

/** @param read files that the configuration was read from, absolute */
export function checkPaths(config: ProjectConfig, tree: Tree, read: string[]): Problem[] {
  const placeOf = placesIn(tree);
  return [...checkWritten(config, placeOf, new Set(read)), ...findTildes(tree)];
}

type Writer = { what: string; at: Span };

function checkWritten(config: ProjectConfig, placeOf: PlaceOf, read: Set<string>): Problem[] {
  const writers = new Map<string, Writer>();
  const problems: Problem[] = [];
  const claim = (path: string, what: string, at: Span) => {
    const first = writers.get(path);
    if (!first) writers.set(path, { what, at });
    const reason = first
      ? `${what} and ${first.what} (${describePlace(first.at)}) use the same file`
      : refusal(path, what, config.root, read);
    if (reason) problems.push(problemAt(at, { code: 'same-file', message: reason, hint: 'give it a file of its own' }));
  };
  for (const { name, path, sink } of config.logQueues) {
    if (sink !== null) continue; // no file, and ours
    claim(path, `the log queue ${quote(name)}`, placeOf(['log_queues', name, 'path']));
  }
  for (const { name, singleton } of config.services) {
    if (!singleton?.pidFile) continue;
    claim(singleton.pidFile, `the pid file of ${quote(name)}`, placeOf(['services', name, 'singleton', 'pid_file']));
  }
  return problems;
}

function refusal(path: string, what: string, root: string, read: Set<string>): string | null {
  if (read.has(path)) return `${what} would overwrite the configuration`;
  const state = join(root, '.orch') + sep;
  const isOurs =
    path === root || path + sep === state || (path.startsWith(state) && !path.startsWith(join(state, 'logs') + sep));
  return isOurs ? `${what} would lie where orch keeps its own files` : null;
}

/** `~/x` would be a directory named `~`. */
function findTildes(tree: Tree): Problem[] {
  const services = entriesOf(child(tree, 'services')).map(({ value }) => child(value, 'cwd'));
  const queues = entriesOf(child(tree, 'log_queues')).map(({ value }) => child(value, 'path'));
  return [...services, ...queues, ...secretPlaces(tree)].flatMap((path) => {
    if (path?.kind !== 'scalar' || !/^~(\/|$)/.test(String(path.value))) return [];
    const hint = `write \${HOME}${String(path.value).slice(1)}`;
    return [problemAt(path.at, { code: 'bad-value', message: '`~` is not expanded here', hint })];
  });
}
