// One YAML file -> tree and problems. Looks at the text first (prescan), so that nothing hostile reaches the parser.
import { parseDocument } from 'yaml';
import type { Problem } from '../../core/model.ts';
import type { SourceFile } from '../files/source-file.ts';
import { spanAt } from '../files/source-file.ts';
import { problemAt } from '../problem.ts';
import type { MapTree, Tree } from '../tree/tree.ts';
import { prescan } from './prescan.ts';
import { toTree } from './to-tree.ts';
import { explainYamlError } from './yaml-problems.ts';

/** @returns the file's map; null when it has none or is no valid YAML, then there is at least one problem. */
export function parseYaml(source: SourceFile): { tree: MapTree | null; problems: Problem[] } {
  const lexical = prescan(source);
  if (lexical.length > 0) return { tree: null, problems: lexical };
  try {
    return parseChecked(source);
  } catch (error) {
    // The library reports bad input as values; what it throws (a stack overflow) is still about the input.
    const message = `the YAML parser gave up: ${(error as Error).message}`;
    return { tree: null, problems: [problemAt(spanAt(source, 0), { code: 'syntax', message })] };
  }
}

function parseChecked(source: SourceFile): { tree: MapTree | null; problems: Problem[] } {
  const document = parseDocument(source.text, {
    prettyErrors: false,
    // The library compares every pair of keys; to-tree.ts finds doubles in one pass.
    uniqueKeys: false,
    logLevel: 'silent',
    resolveKnownTags: false,
  });
  const first = document.errors[0] ?? document.warnings[0];
  if (first) return { tree: null, problems: [explainYamlError(first, source)] };
  const problems: Problem[] = [];
  const tree = toTree(document.contents, source, problems);
  if (tree.kind === 'map') return { tree: problems.length > 0 ? null : tree, problems };
  return { tree: null, problems: [...problems, notAConfiguration(tree, source)] };
}

function notAConfiguration(tree: Tree, source: SourceFile): Problem {
  const what = tree.kind === 'list' ? 'a list' : isBlank(tree) ? 'empty' : `only ${describeScalar(tree)}`;
  return problemAt(tree.kind === 'scalar' && isBlank(tree) ? spanAt(source, 0) : tree.at, {
    code: 'not-a-configuration',
    message: `not a configuration: the file is ${what}; expected a map with \`services\``,
    hint: what === 'empty' ? 'for no services at all write `services: {}`' : 'begin with `services:`',
  });
}

const isBlank = (tree: Tree): boolean => tree.kind === 'scalar' && tree.style === 'empty';
const describeScalar = (tree: Tree): string =>
  tree.kind === 'scalar' && tree.value === null ? 'null' : 'a single value';
