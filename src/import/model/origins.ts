// From which keys of the source the values of a draft come: for what is reported once the draft is made. Pure.
import type { SourceNode } from '../source/source-node.ts';
import { isPlainMap, type Plain, type PlainMap } from './plain.ts';

/** A key or section of the source, as the report names it. */
export type SourceKey = Pick<SourceNode, 'path' | 'at'>;

export class Origins {
  /** Keys that lead to a value, as JSON -> where it comes from. */
  readonly #byPath = new Map<string, SourceKey>();

  /** What `change` makes different in `values` comes from there. The innermost key of the source stays. */
  noteChanges(values: () => PlainMap, origin: SourceKey, change: () => void): void {
    const before = new Map(leavesOf(values()));
    change();
    for (const [path, value] of leavesOf(values())) {
      const isKnown = before.get(path) === value || this.#byPath.get(path)?.path.startsWith(`${origin.path}.`);
      if (!isKnown) this.#byPath.set(path, origin);
    }
  }

  /** Of the value at the path, or of one that it is a part of, or of its parts. */
  of(path: readonly string[]): SourceKey[] {
    for (let length = path.length; length > 0; length--) {
      const found = this.#byPath.get(JSON.stringify(path.slice(0, length)));
      if (found) return [found];
    }
    const start = `${JSON.stringify(path).slice(0, -1)},`;
    return [...new Set([...this.#byPath].filter(([key]) => key.startsWith(start)).map(([, origin]) => origin))];
  }
}

/** Whatever is not a map, as JSON, by the keys that lead to it. */
function leavesOf(value: Plain, path: string[] = []): [string, string][] {
  if (!isPlainMap(value)) return [[JSON.stringify(path), JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
}
