// Takes out of a tree what the schema refused, so that the rest can still be checked and all problems be told at once.
import type { SchemaError } from '../generated/validate-schema.js';
import { pathOf } from '../schema-problems.ts';
import type { Tree } from './tree.ts';

/** Paths of what was taken out, from the top. A list with a wrong item goes as a whole. */
export type Pruned = { tree: Tree; paths: string[][] };

export function prune(tree: Tree, errors: readonly SchemaError[]): Pruned {
  const paths = errors.map(pathToDrop).filter((path) => path.length > 0);
  return { tree: paths.reduce<Tree>((pruned, path) => withoutPath(pruned, path), tree), paths };
}

function pathToDrop(error: SchemaError): string[] {
  const path = pathOf(error.instancePath);
  if (error.keyword === 'additionalProperties') return [...path, String(error.params.additionalProperty)];
  return error.propertyName === undefined ? path : [...path, error.propertyName];
}

function withoutPath(tree: Tree, [step, ...rest]: string[]): Tree {
  const entry = tree.kind === 'map' && step !== undefined ? tree.entries.get(step) : undefined;
  if (tree.kind !== 'map' || !entry) return tree;
  const entries = new Map(tree.entries);
  if (rest.length === 0 || entry.value.kind !== 'map') entries.delete(step!);
  else entries.set(step!, { ...entry, value: withoutPath(entry.value, rest) });
  return { ...tree, entries };
}
