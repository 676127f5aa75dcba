// A configuration as a tree that knows where each part was written, and how values are taken out of it. Immutable: an alias
// shares the node of its anchor.
import type { FilePlace } from '../../core/load-result.ts';
import type { Span } from '../problem/source-file.ts';
import { expandTemplate } from './template.ts';

export type Tree = ScalarTree | ListTree | MapTree;

export type ScalarTree = {
  kind: 'scalar';
  value: string | number | boolean | null;
  at: Span;
  /** `empty`: no value is written (`key:`), which never means null. */
  style: 'plain' | 'quoted' | 'block' | 'empty';
  /** Its variables are filled in: it may be a number or boolean, also in quotes, which YAML requires within `{ }`. */
  expanded?: true;
  /** A path of a file that is included `as: relative`: its variables filled in -> a path relative to the project. */
  complete?: (written: string) => string;
};
export type ListTree = {
  kind: 'list';
  items: Tree[];
  at: Span;
  /** `!append`, `!prepend`: it extends the list below it, whose items go before the item of this index. */
  below?: number;
  /** Its items come from several lists: each has its own place. */
  joined?: true;
  /** What it should extend, which is not a list: a mistake, unless another value replaces it. */
  extended?: Tree;
};
export type MapTree = {
  kind: 'map';
  entries: Map<string, TreeEntry>;
  at: Span;
  /** A value that is not a map, or a null, was below: nothing that comes further below counts. */
  replaces?: true;
  /** An extension that is merged first, once it is known what it extends. */
  after?: ListTree;
};
export type TreeEntry = {
  key: string;
  keyAt: Span;
  value: Tree;
  /** Counts only where nothing further below has the key. */
  isDefault?: true;
};

export const isNull = (tree: Tree | undefined): boolean =>
  tree?.kind === 'scalar' && tree.value === null && tree.style !== 'empty';

/** The value under a key; undefined where the tree is not a map or lacks the key. */
export const childOf = (tree: Tree | undefined, key: string): Tree | undefined =>
  tree?.kind === 'map' ? tree.entries.get(key)?.value : undefined;

export const entriesOf = (tree: Tree | undefined): TreeEntry[] =>
  tree?.kind === 'map' ? [...tree.entries.values()] : [];
export const itemsOf = (tree: Tree | undefined): Tree[] => (tree?.kind === 'list' ? tree.items : []);

/** The text of a scalar, as a template; empty for other trees. */
export const textOf = (tree: Tree): string => (tree.kind === 'scalar' ? String(tree.value) : '');

/** The text of a string that is not a template, its `$$` resolved; null for other trees. */
export function literalOf(tree: Tree | undefined): string | null {
  if (tree?.kind !== 'scalar' || typeof tree.value !== 'string') return null;
  const expansion = expandTemplate(tree.value, {});
  return expansion.ok ? expansion.text : tree.value;
}

export const integerOf = (tree: Tree | undefined): number | null =>
  tree?.kind === 'scalar' && typeof tree.value === 'number' ? tree.value : null;

export const isTrue = (tree: Tree | undefined): boolean => tree?.kind === 'scalar' && tree.value === true;

/** Follows keys and list positions as far as they go. */
export function descend(tree: Tree, path: readonly string[]): { entry: TreeEntry | null; tree: Tree } {
  let entry: TreeEntry | null = null;
  let at = tree;
  for (const step of path) {
    const next = at.kind === 'map' ? at.entries.get(step) : undefined;
    const item = at.kind === 'list' ? at.items[Number(step)] : undefined;
    if (next) entry = next;
    const reached = next?.value ?? item;
    if (!reached) break;
    at = reached;
  }
  return { entry, tree: at };
}

/** The plain value, for the validator: without positions, in maps without a prototype. */
export function toPlain(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(toPlain);
  const plain: Record<string, unknown> = Object.create(null);
  for (const { key, value } of tree.entries.values()) plain[key] = toPlain(value);
  return plain;
}

/** `services.api.env[2]`, for messages. */
export function printPath(path: readonly string[]): string {
  return path.reduce(
    (text, step) => (/^\d+$/.test(step) ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    '',
  );
}

/** Are the values and the order of keys the same? Places and the value at `except` are ignored. */
export function isSameTree(a: Tree, b: Tree, except: readonly string[] | null = null): boolean {
  if (a.kind === 'list' && b.kind === 'list') {
    if (a.items.length !== b.items.length || a.below !== b.below) return false;
    return a.items.every((item, index) => isSameTree(item, b.items[index]!));
  }
  if (a.kind === 'scalar' && b.kind === 'scalar') return Object.is(a.value, b.value) && a.style === b.style;
  if (a.kind !== 'map' || b.kind !== 'map') return false;
  const step = except?.length === 1 ? except[0] : null;
  const [keys, others] = [a, b].map((map) => [...map.entries.keys()].filter((key) => key !== step));
  if (keys!.join('\0') !== others!.join('\0')) return false;
  return keys!.every((key) => {
    const deeper = except && except[0] === key && except.length > 1 ? except.slice(1) : null;
    return isSameTree(a.entries.get(key)!.value, b.entries.get(key)!.value, deeper);
  });
}

/** The place of the value at the path, or of the nearest key above it. */
export function placeOf(tree: Tree, path: readonly string[]): Span {
  const reached = descend(tree, path);
  const isThere = reached.entry?.key === path.at(-1);
  return isThere || !reached.entry ? reached.tree.at : reached.entry.keyAt;
}

/** The opposite: the keys that lead to a place in a file, down to the last key that begins there or before it. Lists are not entered. */
export function pathTo(tree: MapTree, { file, line, column }: FilePlace): string[] {
  let last = { start: -1, path: [] as string[] };
  const visit = (at: Tree, path: string[]): void => {
    for (const { key, keyAt, value } of entriesOf(at)) {
      const { source, start } = keyAt;
      const isBefore = source.display === file && start <= source.offsetOf(line) + column - 1;
      if (isBefore && start > last.start) last = { start, path: [...path, key] };
      visit(value, [...path, key]);
    }
  };
  visit(tree, []);
  return last.path;
}

/** A map with other values: the same one where no value changes. */
export function withValues(map: MapTree, change: (value: Tree, key: string) => Tree): MapTree {
  let entries: MapTree['entries'] | null = null;
  for (const entry of map.entries.values()) {
    const value = change(entry.value, entry.key);
    if (value === entry.value) continue;
    entries ??= new Map(map.entries);
    entries.set(entry.key, { ...entry, value });
  }
  return entries ? { ...map, entries } : map;
}

/** The same map with another value under a key. @param keyAt the place of the key where it is new */
export function withEntry(map: MapTree, key: string, value: Tree, keyAt: Span = value.at): MapTree {
  const entry = { key, keyAt: map.entries.get(key)?.keyAt ?? keyAt, value };
  return { ...map, entries: new Map(map.entries).set(key, entry) };
}

/** The same tree without some keys at its top. */
export function withoutKeys(tree: MapTree, keys: readonly string[]): MapTree {
  return { ...tree, entries: new Map([...tree.entries].filter(([key]) => !keys.includes(key))) };
}

/** Keys that are refused in every map: JavaScript objects have them. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
