// Laws of overlays and includes: maps merge by key, scalars and lists replace, an explicit null removes. Pure.
import { isNull, type MapTree, type Tree } from './tree.ts';

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
