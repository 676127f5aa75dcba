// The import graph of source files: its circles, and folders that import each other.
import { posix } from 'node:path';
import { importsOf } from './project-files.ts';

type Graph = Map<string, string[]>;

/** Strongly connected files, each as `a ↔ b ↔ c`, sorted. */
export function cyclesOf(files: string[]): string[] {
  const graph = graphOf(files);
  const reach = new Map(files.map((file) => [file, reachableFrom(graph, file)]));
  const cycles = files.map((file) =>
    files.filter((other) => reach.get(file)!.has(other) && reach.get(other)!.has(file)),
  );
  return [...new Set(cycles.filter((cycle) => cycle.length > 1).map((cycle) => cycle.sort().join(' ↔ ')))].sort();
}

/** Folders of the same part that import each other, each as `a ↔ b`, sorted. */
export function folderPairsOf(files: string[]): string[] {
  const edges = new Set<string>();
  for (const [file, targets] of graphOf(files)) {
    for (const target of targets)
      if (partOf(file) === partOf(target)) edges.add(`${folderOf(file)} ${folderOf(target)}`);
  }
  const pairs = [...edges].map((edge) => edge.split(' ') as [string, string]);
  return pairs
    .filter(([from, to]) => from < to && edges.has(`${to} ${from}`))
    .map(([from, to]) => `${from} ↔ ${to}`)
    .sort();
}

function graphOf(files: string[]): Graph {
  const known = new Set(files);
  return new Map(files.map((file) => [file, importsOf(file).filter((target) => known.has(target))]));
}

function reachableFrom(graph: Graph, start: string): Set<string> {
  const seen = new Set<string>();
  const open = [...graph.get(start)!];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    open.push(...graph.get(file)!);
  }
  return seen;
}

const partOf = (file: string): string => file.split('/').slice(0, 2).join('/');

/** `src/os/lock` for all below it, `src/os` for a file at the root of the part. */
const folderOf = (file: string): string => posix.dirname(file).split('/').slice(0, 3).join('/');
