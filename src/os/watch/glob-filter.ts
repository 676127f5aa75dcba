// What the globs of a watch mean: where to look, which files count, what is left out. Pure: it reads no file.
import { basename, join, relative, resolve, sep } from 'node:path';
import type picomatch from 'picomatch';

/** A directory or file, and the globs below it. */
export type GlobBase = {
  /** Absolute. */
  path: string;
  /** How far below the base a file can match; infinite with `**`. */
  maxDepth: number;
  /** @param path absolute, the base or below it */
  isMatch(path: string): boolean;
};
export type GlobFilter = {
  bases: GlobBase[];
  /** @param path absolute. Nothing below an ignored directory counts. */
  isIgnored(path: string): boolean;
};

const DEFAULT_IGNORED = ['.git', '.orch', 'node_modules'];

/**
 * A path without a wildcard names a file, or a directory with everything below it; so does the last name of a glob.
 * @param paths globs with `/`, absolute or relative to `root`
 * @param ignore likewise
 * @param excluded absolute; ignored with all that is below them, and so are `<path>.*`
 */
export function globFilter(
  root: string,
  { paths, ignore, excluded }: { paths: readonly string[]; ignore: readonly string[]; excluded: readonly string[] },
  match: typeof picomatch,
): GlobFilter {
  const ignoredNames = DEFAULT_IGNORED.filter((name) => !paths.some((path) => path.split('/').includes(name)));
  const ignored = basesOf(root, ignore, match);
  return {
    bases: basesOf(root, paths, match),
    isIgnored: (path) =>
      ignoredNames.includes(basename(path)) ||
      excluded.some((own) => path === own || path.startsWith(`${own}.`)) ||
      ignored.some((base) => isBelow(path, base.path) && base.isMatch(path)),
  };
}

function basesOf(root: string, globs: readonly string[], match: typeof picomatch): GlobBase[] {
  const byPath = new Map<string, string[]>();
  for (const text of globs) {
    const { base, glob } = match.scan(text);
    const path = resolve(root, sep === '/' ? base.replace(/\\(.)/g, '$1') : base);
    byPath.set(path, [...(byPath.get(path) ?? []), ...widened(glob)]);
  }
  return [...byPath].map(([path, below]) => {
    const isMatch = match(below, { dot: true });
    return {
      path,
      maxDepth: Math.max(...below.map(depthOf)),
      // `**` stands for the base itself as well, in case it is a file.
      isMatch: (file) => (file === path ? below.includes('**') : isMatch(relative(path, file).replaceAll(sep, '/'))),
    };
  });
}

/** With everything below a directory that the glob names. */
function widened(glob: string): string[] {
  if (glob === '') return ['**'];
  const named = glob.replace(/\/+$/, '');
  const isName = glob !== named || !/[*?[(]/.test(named.split('/').at(-1)!);
  return isName ? [named, `${named}/**`] : [named];
}

/** An upper bound. */
function depthOf(glob: string): number {
  return glob.includes('**') || glob.includes('(') ? Number.POSITIVE_INFINITY : glob.split('/').length;
}

function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(join(directory, sep));
}
