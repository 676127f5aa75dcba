// A configuration as a tree that knows where each part was written. Immutable: an alias shares its anchor's node.
import type { Span } from '../problem/source-file.ts';

export type Tree = ScalarTree | ListTree | MapTree;

export type ScalarTree = {
  kind: 'scalar';
  value: string | number | boolean | null;
  at: Span;
  /** `empty`: nothing was written (`key:`), which never means null. */
  style: 'plain' | 'quoted' | 'block' | 'empty';
  /** A plain scalar in which variables were filled in: may yet turn out to be a number or boolean. */
  expanded?: true;
};
export type ListTree = { kind: 'list'; items: Tree[]; at: Span };
export type MapTree = { kind: 'map'; entries: Map<string, TreeEntry>; at: Span };
export type TreeEntry = { key: string; keyAt: Span; value: Tree };

export const isNull = (tree: Tree | undefined): boolean =>
  tree?.kind === 'scalar' && tree.value === null && tree.style !== 'empty';

/** The value under a key; undefined where the tree is no map or has no such key. */
export const childOf = (tree: Tree | undefined, key: string): Tree | undefined =>
  tree?.kind === 'map' ? tree.entries.get(key)?.value : undefined;

export const entriesOf = (tree: Tree | undefined): TreeEntry[] =>
  tree?.kind === 'map' ? [...tree.entries.values()] : [];
export const itemsOf = (tree: Tree | undefined): Tree[] => (tree?.kind === 'list' ? tree.items : []);

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

/** `services.api.env[2]`, as it stands in messages. */
export function printPath(path: readonly string[]): string {
  return path.reduce(
    (text, step) => (/^\d+$/.test(step) ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    '',
  );
}

/** Do two trees hold the same values in the same order of keys, places and the value at `except` aside? */
export function isSameTree(a: Tree, b: Tree, except: readonly string[] | null = null): boolean {
  if (a.kind === 'list' && b.kind === 'list') {
    return a.items.length === b.items.length && a.items.every((item, index) => isSameTree(item, b.items[index]!));
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

// Where a checked value was written: the value itself, or the nearest key above it.

export type PlaceOf = (path: string[]) => Span;

export function placesIn(tree: Tree): PlaceOf {
  return (path) => {
    const reached = descend(tree, path);
    const isThere = reached.entry?.key === path.at(-1);
    return isThere || !reached.entry ? reached.tree.at : reached.entry.keyAt;
  };
}

// Laws of overlays and includes: maps merge by key, scalars and lists replace, an explicit null removes. Pure.

/**
 * `over` laid over `base`. A null of `over` takes the key of `base` away and stays as a mark, so that it also takes
 * away what `defaults` or the project would bring; `withoutNulls` clears the marks at the end.
 */
export function mergeTrees(base: Tree, over: Tree): Tree {
  if (base.kind !== 'map' || over.kind !== 'map') return over;
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const below = entries.get(key);
    entries.set(key, below ? { ...entry, value: mergeTrees(below.value, entry.value) } : entry);
  }
  return { kind: 'map', entries, at: over.at };
}

/** The same tree without keys whose value is an explicit null, at any depth below maps. */
export function withoutNulls(tree: Tree): Tree {
  if (tree.kind !== 'map') return tree;
  const entries: MapTree['entries'] = new Map();
  for (const [key, entry] of tree.entries) {
    if (!isNull(entry.value)) entries.set(key, { ...entry, value: withoutNulls(entry.value) });
  }
  return { ...tree, entries };
}

/** The same tree without some keys at its top. */
export function withoutKeys(tree: MapTree, keys: readonly string[]): MapTree {
  return { ...tree, entries: new Map([...tree.entries].filter(([key]) => !keys.includes(key))) };
}

// Keys that no map may have: they mean something to every object.

export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
