// The law of files: includes, procs.yaml and overlays -> one tree. Associative: any part of the files may be merged first, so a
// merged part keeps what it does to the values below it (`replaces`, `below`, `after`, `isDefault`). Pure.
import { isNull, type ListTree, type MapTree, type ScalarTree, type Tree, type TreeEntry, withValues } from './tree.ts';

/**
 * Maps merge by key, scalars and lists replace, an explicit null removes, a list with `!append` or `!prepend` extends the list
 * below it. The null stays as a mark, so that it also removes the key from `defaults` or the project; `withoutNulls` clears
 * the marks, `settled` the others.
 *
 * @param key under which both are written
 */
export function mergeTrees(base: MapTree, overlay: MapTree): MapTree;
export function mergeTrees(base: Tree, overlay: Tree, key?: string): Tree;
export function mergeTrees(base: Tree, overlay: Tree, key = ''): Tree {
  if (overlay.kind === 'scalar') return overlay;
  if (overlay.kind === 'list') return overlay.below === undefined ? overlay : extend(base, overlay, overlay.below, key);
  if (overlay.replaces) return overlay;
  if (overlay.after) {
    const { after, ...own } = overlay;
    return mergeTrees(mergeTrees(base, after, key), own, key);
  }
  if (base.kind === 'map') return mergeMaps(base, overlay);
  // What the list extends is not known yet: a map there would be merged with this one.
  if (base.kind === 'list' && base.below !== undefined) return { ...overlay, after: base };
  return { ...overlay, replaces: true };
}

function mergeMaps(base: MapTree, overlay: MapTree): MapTree {
  const entries = new Map(base.entries);
  for (const [key, entry] of overlay.entries) {
    const before = entries.get(key);
    entries.set(key, before ? mergeEntries(before, entry) : entry);
  }
  return { ...base, entries, at: overlay.at };
}

function mergeEntries(before: TreeEntry, entry: TreeEntry): TreeEntry {
  if (entry.isDefault && !isNull(before.value)) return before;
  // What is further below may be a map, and is merged with this one then.
  if (before.isDefault && !entry.isDefault) return entry;
  const { isDefault: _, ...own } = entry;
  return { ...own, value: mergeTrees(before.value, entry.value, entry.key) };
}

/** @param index where the items of the base go */
function extend(base: Tree, list: ListTree, index: number, key: string): Tree {
  const { below: _, ...plain } = list;
  if (base.kind === 'list') {
    const items = [...list.items.slice(0, index), ...base.items, ...list.items.slice(index)];
    const below = base.below === undefined ? {} : { below: index + base.below };
    return { ...base, items, at: list.at, joined: true, ...below };
  }
  if (isNull(base)) return plain;
  if (base.kind === 'map' && key === 'depends_on' && list.items.every(isText)) return withDependencies(base, list);
  return { ...plain, extended: base };
}

const isText = (tree: Tree): tree is ScalarTree => tree.kind === 'scalar' && typeof tree.value === 'string';

/** The map form of what the list form means; a dependency that is there keeps its condition. */
function withDependencies(base: MapTree, list: ListTree): MapTree {
  const entries = new Map(base.entries);
  for (const item of list.items as ScalarTree[]) {
    const name = String(item.value);
    const before = entries.get(name);
    const started: ScalarTree = { kind: 'scalar', value: 'started', at: item.at, style: 'plain' };
    if (!before) entries.set(name, { key: name, keyAt: item.at, value: started, isDefault: true });
    else if (isNull(before.value)) entries.set(name, { key: name, keyAt: item.at, value: started });
  }
  return { ...base, entries, at: list.at };
}

/** With nothing below any more: an extension is a plain list, and every map is the whole of it. */
export function settled(tree: MapTree): MapTree;
export function settled(tree: Tree): Tree;
export function settled(tree: Tree): Tree {
  if (tree.kind === 'scalar') return tree;
  if (tree.kind === 'list') {
    if (tree.below === undefined) return tree;
    const { below: _, ...plain } = tree;
    return plain;
  }
  const { replaces, after, ...own } = tree;
  return withValues(replaces || after ? own : tree, settled);
}

/** Every map is the whole of it, as the files say; lists may still extend those of `defaults`. */
export function withoutReplacing(tree: Tree): Tree {
  if (tree.kind !== 'map') return tree;
  const { replaces, ...own } = tree;
  return withValues(replaces ? own : tree, withoutReplacing);
}

/** The same tree without keys whose value is an explicit null, at any depth below maps. Parts without one are shared. */
export function withoutNulls(tree: MapTree): MapTree;
export function withoutNulls(tree: Tree): Tree;
export function withoutNulls(tree: Tree): Tree {
  if (tree.kind !== 'map') return tree;
  let entries: MapTree['entries'] | null = null;
  for (const entry of tree.entries.values()) {
    const value = withoutNulls(entry.value);
    if (value === entry.value && !isNull(value)) continue;
    entries ??= new Map(tree.entries);
    if (isNull(value)) entries.delete(entry.key);
    else entries.set(entry.key, { ...entry, value });
  }
  return entries ? { ...tree, entries } : tree;
}
