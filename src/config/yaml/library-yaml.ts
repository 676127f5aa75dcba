// One YAML text -> tree and problems, with the full library. Loaded only where fast-yaml.ts gives up: it costs 20 ms.

import { type CollectionTag, parseDocument } from 'yaml';
import type { Problem } from '../../core/load-result.ts';
import { problemAt } from '../problem/problem.ts';
import { type SourceFile, spanAt } from '../problem/source-file.ts';
import type { MapTree, Tree } from '../tree/tree.ts';
import { toTree } from './to-tree.ts';
import { explainYamlError } from './yaml-problems.ts';

/** `part`: an overlay or included file, which need not have services. */
export type FileRole = 'base' | 'part';
export type ParsedFile = { tree: MapTree | null; problems: Problem[] };

/** @param source a text that passed the prescan */
export function parseWithLibrary(source: SourceFile, role: FileRole): ParsedFile {
  try {
    return parseChecked(source, role);
  } catch (error) {
    // The library reports bad input as values. An exception, such as a stack overflow, is still caused by the input.
    const message = `the YAML parser failed: ${(error as Error).message}`;
    return { tree: null, problems: [problemAt(spanAt(source, 0), { code: 'syntax', message })] };
  }
}

/** to-tree.ts gives them their meaning. */
const EXTENSIONS: CollectionTag[] = ['!append', '!prepend'].map((tag) => ({
  tag,
  collection: 'seq',
  resolve: (list) => list,
}));

function parseChecked(source: SourceFile, role: FileRole): ParsedFile {
  const document = parseDocument(source.text, {
    prettyErrors: false,
    // The library compares every pair of keys; to-tree.ts finds duplicates in one pass.
    uniqueKeys: false,
    // `silent` would also hide a second document.
    logLevel: 'error',
    resolveKnownTags: false,
    customTags: (tags) => [...tags, ...EXTENSIONS],
  });
  const first = document.errors[0] ?? document.warnings[0];
  if (first) return { tree: null, problems: [explainYamlError(first, document, source)] };
  const problems: Problem[] = [];
  const tree = toTree(document.contents, source, problems);
  if (tree.kind === 'map') return { tree: problems.length > 0 ? null : tree, problems };
  return { tree: null, problems: [...problems, notAConfiguration(tree, source, role)] };
}

function notAConfiguration(tree: Tree, source: SourceFile, role: FileRole): Problem {
  const isEmpty = tree.kind === 'scalar' && tree.style === 'empty';
  const content = tree.kind === 'list' ? 'a list' : isEmpty ? 'empty' : `only ${describeScalar(tree)}`;
  const expected = role === 'base' ? 'a map with `services`' : 'a map of keys';
  const hint =
    role === 'part'
      ? 'to change nothing, write `{}`'
      : isEmpty
        ? 'to declare no services, write `services: {}`'
        : 'begin with `services:`';
  const message = `not a configuration: the file is ${content}; expected ${expected}`;
  return problemAt(isEmpty ? spanAt(source, 0) : tree.at, { code: 'not-a-configuration', message, hint });
}

const describeScalar = (tree: Tree): string =>
  tree.kind === 'scalar' && tree.value === null ? 'null' : 'a single value';
