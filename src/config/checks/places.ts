// Where a checked value was written: the value itself, or the nearest key above it.
import type { Span } from '../files/source-file.ts';
import { descend, type Tree } from '../tree/tree.ts';

export type PlaceOf = (path: string[]) => Span;

export function placesIn(tree: Tree): PlaceOf {
  return (path) => {
    const reached = descend(tree, path);
    const isThere = reached.entry?.key === path.at(-1);
    return isThere || !reached.entry ? reached.tree.at : reached.entry.keyAt;
  };
}
