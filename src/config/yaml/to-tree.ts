// Nodes of the yaml library -> tree: aliases shared, `<<` merged, `x-` keys dropped, duplicate and dangerous keys reported.

import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair, Scalar, type YAMLMap } from 'yaml';
import type { Problem } from '../../core/load-result.ts';
import { problemAt, quote } from '../problem/problem.ts';
import { describePlace, type SourceFile, type Span } from '../problem/source-file.ts';
import { suggest } from '../problem/suggest.ts';
import { FORBIDDEN_KEYS, type MapTree, type ScalarTree, type Tree, type TreeEntry } from '../tree/tree.ts';
import { MAX_DEPTH } from './depth.ts';

/** Nodes after all aliases are followed: far more than a thousand services have; a walk takes much less than a second. */
const MAX_NODES = 200_000;

type TreeExtent = { size: number; depth: number };

type ConversionContext = {
  source: SourceFile;
  problems: Problem[];
  anchors: Map<string, Tree>;
  /** Placeholders for aliases that could not be resolved, which are reported already. */
  unresolved: Set<Tree>;
  /** Values and levels of each collection with its aliases followed: a walk must stay cheap. */
  extents: Map<Tree, TreeExtent>;
};

/** @returns the tree; problems are added to the list. An empty document gives an `empty` scalar. */
export function toTree(root: Node | null, source: SourceFile, problems: Problem[]): Tree {
  const context: ConversionContext = {
    source,
    problems,
    anchors: new Map(),
    unresolved: new Set(),
    extents: new Map(),
  };
  const tree = convert(root, context, 0);
  const problem = extentProblem(tree, extentOf(tree, context));
  if (!problem) return tree;
  problems.push(problem);
  return { kind: 'map', entries: new Map(), at: tree.at };
}

function extentProblem({ at }: Tree, { size, depth }: TreeExtent): Problem | null {
  const subject = 'with its aliases followed the file';
  if (size > MAX_NODES) {
    const message = `${subject} has over ${MAX_NODES.toLocaleString('en')} values`;
    return problemAt(at, { code: 'too-many-values', message, hint: 'aliases within aliases multiply: use fewer' });
  }
  if (depth <= MAX_DEPTH) return null;
  const message = `${subject} nests deeper than ${MAX_DEPTH} levels`;
  return problemAt(at, { code: 'too-deep', message, hint: 'use fewer aliases within aliases' });
}

function convert(node: Node | null, context: ConversionContext, emptyAt: number): Tree {
  if (node === null) return { kind: 'scalar', value: null, at: span(context, emptyAt, emptyAt), style: 'empty' };
  if (isAlias(node)) return resolveAlias(node, context);
  const tree = convertContent(node, context);
  const anchor = (node as { anchor?: string }).anchor;
  if (anchor) context.anchors.set(anchor, tree);
  return tree;
}

function convertContent(node: Node, context: ConversionContext): Tree {
  if (isMap(node)) return convertMap(node as YAMLMap<Node, Node | null>, context);
  const at = spanOf(node, context);
  if (isSeq(node)) {
    const items = node.items.map((item) => convertItem(item as Node | null, context, at.end));
    const below = { '!append': 0, '!prepend': items.length }[node.tag ?? ''];
    const list: Tree = { kind: 'list', items, at, ...(below !== undefined && { below }) };
    context.extents.set(list, extentAbove(items, context));
    return list;
  }
  return scalarTree(node as Scalar, at);
}

function convertItem(node: Node | null, context: ConversionContext, emptyAt: number): Tree {
  const item = convert(node, context, emptyAt);
  if (item.kind === 'list' && item.below !== undefined && !isAlias(node)) {
    const message = `\`${node!.tag}\` has no meaning within a list`;
    const hint = 'write it after a key, as in `env_files: !append [.env]`: items of lists are not merged';
    context.problems.push(problemAt(item.at, { code: 'bad-extension', message, hint }));
  }
  return item;
}

function scalarTree(node: Scalar, at: Span): ScalarTree {
  const value = typeof node.value === 'bigint' ? Number(node.value) : (node.value as ScalarTree['value']);
  if (value === null && at.end === at.start) return { kind: 'scalar', value, at, style: 'empty' };
  return { kind: 'scalar', value, at, style: styleOf(node) };
}

function styleOf(node: Scalar): ScalarTree['style'] {
  if (node.type === Scalar.PLAIN) return 'plain';
  return node.type === Scalar.BLOCK_FOLDED || node.type === Scalar.BLOCK_LITERAL ? 'block' : 'quoted';
}

function resolveAlias(alias: Alias, context: ConversionContext): Tree {
  const target = context.anchors.get(alias.source);
  if (target) return target;
  const at = spanOf(alias, context);
  const near = suggest(alias.source, context.anchors.keys());
  context.problems.push(
    problemAt(at, {
      code: 'unknown-alias',
      message: `anchor &${alias.source} is not defined before *${alias.source}`,
      hint: near === null ? 'a string that begins with * needs quotes' : `did you mean *${near}?`,
    }),
  );
  const placeholder: Tree = { kind: 'scalar', value: '', at, style: 'plain' };
  context.unresolved.add(placeholder);
  return placeholder;
}

function convertMap(node: YAMLMap<Node, Node | null>, context: ConversionContext): MapTree {
  const at = spanOf(node, context);
  const entries = new Map<string, TreeEntry>();
  const merged: Tree[] = [];
  for (const pair of node.items) {
    const entry = convertPair(pair, context);
    if (!entry) continue;
    if (isMergeKey(pair)) {
      merged.push(...mergeSources(entry, context));
    } else if (!entry.key.startsWith('x-') && isUsable(entry, entries, context)) {
      entries.set(entry.key, entry);
    }
  }
  for (const [key, entry] of merged.flatMap((source) => (source.kind === 'map' ? [...source.entries] : []))) {
    if (!entries.has(key)) entries.set(key, entry);
  }
  const map: MapTree = { kind: 'map', entries, at };
  const values = [...entries.values()].map(({ value }) => value);
  context.extents.set(map, extentAbove(values, context));
  return map;
}

function convertPair(pair: Pair<Node, Node | null>, context: ConversionContext): TreeEntry | null {
  const keyAt = pair.key ? spanOf(pair.key, context) : span(context, 0, 0);
  const value = convert(pair.value, context, keyAt.end);
  if (!isScalar(pair.key) || pair.key.value === null || typeof pair.key.value === 'object') {
    const message = pair.key && isAlias(pair.key) ? 'an alias cannot be a key here' : 'a key must be plain text';
    context.problems.push(problemAt(keyAt, { code: 'bad-key', message, hint: 'write `key: value`' }));
    return null;
  }
  // The key as it is written: `010` and `1e3` are names, not numbers.
  const key = typeof pair.key.value === 'string' ? pair.key.value : (pair.key.source ?? String(pair.key.value));
  return { key, keyAt, value };
}

function isUsable(entry: TreeEntry, entries: Map<string, TreeEntry>, context: ConversionContext): boolean {
  const first = entries.get(entry.key);
  if (first) {
    const where = describePlace(first.keyAt);
    const message = `${quote(entry.key)} is a duplicate key: first on line ${where.slice(where.lastIndexOf(':') + 1)}`;
    context.problems.push(problemAt(entry.keyAt, { code: 'duplicate-key', message, hint: 'keep one of them' }));
    return false;
  }
  if (!FORBIDDEN_KEYS.has(entry.key)) return true;
  const message = `the key ${quote(entry.key)} is not allowed`;
  context.problems.push(problemAt(entry.keyAt, { code: 'forbidden-key', message, hint: 'choose another name' }));
  return false;
}

const isMergeKey = (pair: Pair<Node, Node | null>): boolean =>
  isScalar(pair.key) && pair.key.value === '<<' && pair.key.type === Scalar.PLAIN;

/** Earlier sources win over later ones, and the map's own keys over all (yaml.org/type/merge.html). */
function mergeSources(entry: TreeEntry, context: ConversionContext): Tree[] {
  const sources = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  const wrong = sources.find((source) => source.kind !== 'map' && !context.unresolved.has(source));
  if (!wrong) return sources;
  const message = '`<<` takes a map or a list of maps';
  context.problems.push(problemAt(entry.keyAt, { code: 'bad-merge', message, hint: 'write `<<: *anchor`' }));
  return [];
}

const extentOf = (tree: Tree, context: ConversionContext): TreeExtent =>
  context.extents.get(tree) ?? { size: 1, depth: 1 };

function extentAbove(inner: Tree[], context: ConversionContext): TreeExtent {
  const whole = { size: 1, depth: 1 };
  for (const tree of inner) {
    const { size, depth } = extentOf(tree, context);
    whole.size += size;
    whole.depth = Math.max(whole.depth, depth + 1);
  }
  return whole;
}
const span = ({ source }: ConversionContext, start: number, end: number): Span => ({ source, start, end });

function spanOf(node: Node, context: ConversionContext): Span {
  const [start, end] = node.range ?? [0, 0, 0];
  return span(context, start, end);
}
