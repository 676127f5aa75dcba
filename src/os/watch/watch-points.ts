// The places to watch so that no change of a file is missed: every directory entry on the way to it that could be
// replaced. Reads the file system, watches nothing.
import { type BigIntStats, lstatSync, readlinkSync, statSync } from 'node:fs';
import { basename, join, parse, resolve } from 'node:path';
import { errnoOf } from '../errors.ts';

/** Directory (without symbolic links in its path) -> names in it to watch; ANY_NAME: all of them. */
export type WatchPoints = Map<string, Set<string>>;
/** No entry has this name. */
export const ANY_NAME = '/';

const MAX_LINKS = 40;

/**
 * The last entry of each path and every symbolic link on the way: a Kubernetes volume replaces `..data`, two links away
 * from the file. For a path that does not exist yet, its first missing entry. A path with a `/` at its end stands for a
 * directory and its entries.
 */
export function watchPoints(paths: readonly string[]): WatchPoints {
  const points: WatchPoints = new Map();
  for (const path of paths) addPoints(points, path);
  return points;
}

function addPoints(points: WatchPoints, path: string): void {
  let [at, rest] = split(path);
  for (let links = 0; rest.length > 0 && links < MAX_LINKS; ) {
    const name = rest[0] as string;
    const entry = join(at, name);
    const kind = kindOf(entry);
    if (kind !== 'entry' || rest.length === 1) addPoint(points, at, name);
    if (kind === 'missing') return;
    rest = rest.slice(1);
    if (kind === 'link') {
      const [from, target] = split(resolve(at, readLink(entry)));
      [at, rest] = [from, [...target, ...rest]];
      links++;
    } else {
      at = entry;
    }
  }
  if (path.endsWith('/') && rest.length === 0) addPoint(points, at, ANY_NAME);
}

function addPoint(points: WatchPoints, directory: string, name: string): void {
  const names = points.get(directory);
  if (names === undefined) points.set(directory, new Set([name]));
  else names.add(name);
}

/** Root and the names below it. */
function split(path: string): [root: string, names: string[]] {
  const { root } = parse(path);
  return [root, path.slice(root.length).split(/[/\\]/).filter(Boolean)];
}

function kindOf(path: string): 'link' | 'entry' | 'missing' {
  try {
    return lstatSync(path).isSymbolicLink() ? 'link' : 'entry';
  } catch {
    return 'missing'; // or we may not see it
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return basename(path); // replaced just now: its event makes us check again
  }
}

/** Changes whenever a file at one of the paths changes; contents are not read. */
export function fingerprint(paths: readonly string[]): string {
  return paths.map((path) => fingerprintOf(path)).join('\n');
}

/** Differs for different points, and also after a directory was replaced by another of the same name. */
export function pointsKey(points: WatchPoints): string {
  return [...points]
    .map(
      ([directory, names]) => `${directory}@${statText(directory, ({ ino }) => [ino])}:${[...names].sort().join('/')}`,
    )
    .sort()
    .join('\n');
}

function fingerprintOf(path: string): string {
  return statText(path, ({ dev, ino, size, mode, mtimeNs, ctimeNs }) => [dev, ino, size, mode, mtimeNs, ctimeNs]);
}

function statText(path: string, fieldsOf: (stat: BigIntStats) => bigint[]): string {
  try {
    return fieldsOf(statSync(path, { bigint: true })).join(':');
  } catch (error) {
    return errnoOf(error);
  }
}
