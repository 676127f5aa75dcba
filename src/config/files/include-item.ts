// One item of `include`: a path or glob, or `{ path, as: relative }`. Read before the schema sees the file, so it reports its
// own mistakes.
import { problemAt, quote } from '../problem/problem.ts';
import type { Span } from '../problem/source-file.ts';
import { suggestionHint } from '../problem/suggest.ts';
import { expandPartly, expandTemplate } from '../tree/template.ts';
import { childOf, entriesOf, type Tree } from '../tree/tree.ts';
import { environmentVariable, type LoadContext } from './load-context.ts';

export type IncludeItem = {
  /** A path or glob, its variables filled in. */
  name: string;
  /** Where it is written. */
  at: Span;
  /** Written `?path`. */
  isOptional: boolean;
  /** `as: relative` */
  isRelative: boolean;
};

export const NOT_A_LIST_OF_PATHS = '`include` must be a list of paths';
const KEYS = ['path', 'as'];

/** @returns null after reporting what is wrong. */
export function readIncludeItem(context: LoadContext, item: Tree): IncludeItem | null {
  if (item.kind !== 'map') return readPath(context, item, false);
  const path = childOf(item, 'path');
  const as = childOf(item, 'as');
  const unknown = entriesOf(item).find(({ key }) => !KEYS.includes(key));
  if (unknown) {
    const message = `unknown key ${quote(unknown.key)} in \`include\``;
    return report(context, unknown.keyAt, 'unknown-key', message, suggestionHint(unknown.key, KEYS, 'keys'));
  }
  if (!path) {
    const message = '`path` is missing';
    return report(context, item.at, 'missing-key', message, 'write { path: services/api/procs.yaml, as: relative }');
  }
  if (as && !(as.kind === 'scalar' && as.value === 'relative')) {
    const message = '`as` must be `relative`';
    return report(context, as.at, 'bad-value', message, 'without `as`, paths in that file are relative to the project');
  }
  return readPath(context, path, as !== undefined);
}

function readPath(context: LoadContext, tree: Tree, isRelative: boolean): IncludeItem | null {
  const { at } = tree;
  if (tree.kind !== 'scalar' || typeof tree.value !== 'string' || tree.value === '' || tree.value === '?')
    return report(context, at, 'wrong-type', NOT_A_LIST_OF_PATHS, null);
  const expanded = expandPartly(
    tree.value,
    (name) => environmentVariable(context, name),
    () => false,
  );
  if (!expanded.ok) {
    for (const { code, message, hint } of expanded.problems) report(context, at, code, message, hint);
    return null;
  }
  const { text } = expandTemplate(expanded.text, {}) as { text: string };
  const isOptional = text.startsWith('?');
  return { name: isOptional ? text.slice(1) : text, at, isOptional, isRelative };
}

function report({ problems }: LoadContext, at: Span, code: string, message: string, hint: string | null): null {
  problems.push(problemAt(at, { code, message, hint }));
  return null;
}
