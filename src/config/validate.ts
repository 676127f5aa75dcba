// The merged tree against the compiled schema. Plain values that came out of variables are read as numbers or booleans
// where the schema wants those: `pool: ${WORKERS:-2}`.
import type { Problem } from '../core/model.ts';
import { type SchemaError, validate } from './generated/validate-schema.js';
import { explainSchemaErrors, pathOf } from './schema-problems.ts';
import { withoutNulls } from './tree/merge.ts';
import { prune } from './tree/prune.ts';
import { descend, type MapTree, type ScalarTree, type Tree, toPlain } from './tree/tree.ts';

export type Validated = {
  /** With such values retyped, and without what the schema refuses. */
  tree: MapTree;
  problems: Problem[];
  /** Where something was taken out. */
  pruned: string[][];
};

export function validateTree(tree: MapTree): Validated {
  const bare = withoutNulls(tree);
  const errors = errorsOf(bare);
  if (errors.length === 0) return { tree, problems: [], pruned: [] };
  const retyped = new Map(errors.flatMap((error) => retype(error, bare)));
  const typed = retyped.size > 0 ? replaceScalars(tree, retyped) : tree;
  const bareTyped = withoutNulls(typed);
  const left = retyped.size > 0 ? errorsOf(bareTyped) : errors;
  const pruned = prune(typed, left);
  return { tree: pruned.tree as MapTree, problems: explainSchemaErrors(left, bareTyped), pruned: pruned.paths };
}

function errorsOf(tree: Tree): SchemaError[] {
  return validate(toPlain(tree)) ? [] : (validate.errors ?? []);
}

function retype(error: SchemaError, root: Tree): [Tree, ScalarTree][] {
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
