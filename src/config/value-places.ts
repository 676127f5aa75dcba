// Where each value of the effective configuration was written, and by which commit: for `orch config --explain`.
import { isBuiltIn } from './effective.ts';
import { type LineCommit, type LineCommits, readLineCommits } from './files/line-commits.ts';
import { oneLine } from './problem/problem.ts';
import type { Span } from './problem/source-file.ts';
import type { MapTree, Tree } from './tree/tree.ts';

export type ValuePlace = {
  file: string;
  line: number;
  column: number;
  /** Null: the line is not committed; missing: the file is not in git. */
  commit?: LineCommit | null;
};
export type PlaceOf = (at: Span) => ValuePlace | null;

/** @returns the function that tells the place of a value; null: it is a default of orch. */
export async function readPlaces(tree: MapTree): Promise<PlaceOf> {
  const written = leavesOf(tree).filter(({ at }) => !isBuiltIn(at));
  const commits = await readLineCommits(written.map(({ at }) => at.source.path));
  return (at) => (isBuiltIn(at) ? null : placeOf(at, commits.get(at.source.path)));
}

function placeOf({ source, start }: Span, commits: LineCommits | undefined): ValuePlace {
  const { line, column } = source.locate(start);
  return { file: oneLine(source.display), line, column, ...(commits && { commit: commits.get(line) ?? null }) };
}

/** `procs.yaml:12:5 1a2b3c4 2026-01-31`, or `default`. */
export function printPlace(place: ValuePlace | null): string {
  if (!place) return 'default';
  const { file, line, column, commit } = place;
  const from = commit
    ? ` ${commit.hash.slice(0, 7)} ${commit.date.slice(0, 10)}`
    : commit === null
      ? ' not committed'
      : '';
  return `${file}:${line}:${column}${from}`;
}

/** Every value with its path, `services.api.stop.escalate[0].signal`. A list of plain values is one value: it is replaced as a whole. */
export function leavesOf(tree: Tree, path = ''): { path: string; at: Span }[] {
  if (tree.kind === 'map' && tree.entries.size > 0) {
    const below = (key: string) => (path === '' ? key : `${path}.${key}`);
    return [...tree.entries.values()].flatMap(({ key, value }) => leavesOf(value, below(key)));
  }
  if (tree.kind === 'list' && (tree.joined || tree.items.some(({ kind }) => kind !== 'scalar')))
    return tree.items.flatMap((item, index) => leavesOf(item, `${path}[${index}]`));
  return [{ path, at: tree.at }];
}
