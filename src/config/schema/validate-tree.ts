// Checks the merged tree against the compiled schema. Values of variables are read as numbers or booleans where the schema
// requires those: `pool: ${WORKERS:-2}`, `{ pool: "${WORKERS:-2}" }`.
import type { Problem } from '../../core/load-result.ts';
import { type SchemaError, validate } from '../schema-generated/validate-schema.js';
import { withoutNulls } from '../tree/merge.ts';
import { descend, type MapTree, type ScalarTree, type Tree, toPlain } from '../tree/tree.ts';
import { pathOf } from './findings.ts';
import { explainSchemaErrors } from './schema-problems.ts';

export type ValidatedTree = {
  /** With such values retyped, and without the values that the schema refuses. */
  tree: MapTree;
  problems: Problem[];
  /** Paths of the removed values. */
  pruned: string[][];
};

export function validateTree(tree: MapTree): ValidatedTree {
  const bare = withoutNulls(tree);
  const errors = errorsOf(bare);
  if (errors.length === 0) return { tree, problems: [], pruned: [] };
  const retyped = new Map(errors.flatMap((error) => retypedScalars(error, bare)));
  const typed = retyped.size > 0 ? replaceScalars(tree, retyped) : tree;
  const bareTyped = withoutNulls(typed);
  const left = retyped.size > 0 ? errorsOf(bareTyped) : errors;
  const pruned = prune(typed, left);
  return { tree: pruned.tree as MapTree, problems: explainSchemaErrors(left, bareTyped), pruned: pruned.paths };
}

function errorsOf(tree: Tree): SchemaError[] {
  return validate(toPlain(tree)) ? [] : (validate.errors ?? []);
}

function retypedScalars(error: SchemaError, root: Tree): [Tree, ScalarTree][] {
  const { tree } = descend(root, pathOf(error.instancePath));
  if (error.keyword !== 'type' || tree.kind !== 'scalar' || !tree.expanded) return [];
  const value = typedValue(String(tree.value), String(error.params.type));
  return value === null ? [] : [[tree, { ...tree, value }]];
}

function typedValue(text: string, type: string): number | boolean | null {
  if (type === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  return (type === 'integer' || type === 'number') && /^-?[0-9]{1,15}(\.[0-9]+)?$/.test(text) ? Number(text) : null;
}

function replaceScalars(tree: Tree, replaced: Map<Tree, Tree>): Tree {
  if (tree.kind === 'scalar') return replaced.get(tree) ?? tree;
  if (tree.kind === 'list') return { ...tree, items: tree.items.map((item) => replaceScalars(item, replaced)) };
  const entries = [...tree.entries].map(
    ([key, entry]) => [key, { ...entry, value: replaceScalars(entry.value, replaced) }] as const,
  );
  return { ...tree, entries: new Map(entries) };
}

/** Paths of the removed values, from the top. A list with a wrong item is removed as a whole. */
type PrunedTree = { tree: Tree; paths: string[][] };

/** Removes the values that the schema refused, so that the rest can still be checked and all problems are reported at once. */
function prune(tree: Tree, errors: readonly SchemaError[]): PrunedTree {
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
