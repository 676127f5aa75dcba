// Values that are one for a whole service or queue: a variable that only an instance has cannot be filled in there.
import type { Problem } from '../../core/model.ts';
import { problemAt, quote } from '../problem.ts';
import { variablesOf } from '../template.ts';
import { differsByInstance } from '../tree/expand.ts';
import { entriesOf, type MapTree, type Tree } from '../tree/tree.ts';

/** `*` stands for any key. What has a fixed form (durations, words) is refused by the schema; addresses by `listen`. */
const PLACES = [
  'log_queues.*.path',
  'services.*.singleton.key',
  'services.*.singleton.pid_file',
  'services.*.env_files',
  'services.*.watch.paths',
  'services.*.watch.ignore',
].map((place) => place.split('.'));

/** @param tree with its `defaults` applied; places below them count once. */
export function checkLiterals(tree: MapTree): Problem[] {
  return PLACES.flatMap((place) =>
    treesAt(tree, place).flatMap((found) => refuseVariables(found, place.slice(2).join('.'))),
  );
}

function treesAt(tree: Tree, [key, ...rest]: string[]): Tree[] {
  if (key === undefined) return tree.kind === 'list' ? tree.items : [tree];
  const below = entriesOf(tree).filter((entry) => key === '*' || entry.key === key);
  return below.flatMap(({ value }) => treesAt(value, rest));
}

function refuseVariables(tree: Tree, key: string): Problem[] {
  if (tree.kind !== 'scalar' || typeof tree.value !== 'string') return [];
  const variable = variablesOf(tree.value).find(({ name }) => differsByInstance(name));
  if (!variable) return [];
  const message = `\`${key}\` is the same for all instances, but ${quote(variable.name)} is not`;
  const hint = 'of the variables that orch sets only ORCH_ENV and ORCH_PROJECT are filled in here';
  return [problemAt(tree.at, { code: 'bad-value', message, hint })];
}
