// Globs of `include` -> the files that may match. Each directory that a wildcard looks into is watched, so that a new file is
// an edit.
import { basename, dirname, join, resolve } from 'node:path';
import picomatch from 'picomatch';
import { listingText } from '../../core/load-result.ts';
import type { LoadContext } from './load-context.ts';

/** Directories and files on the way of one glob. */
const MAX_REACHED = 2000;

/** @returns whether the name has wildcards. A file of exactly that name is not a glob. */
export async function isIncludeGlob({ source }: LoadContext, directory: string, name: string): Promise<boolean> {
  if (!hasWildcard(name)) return false;
  const path = resolve(directory, name);
  return !(await source.list(dirname(path))).includes(basename(path));
}

const hasWildcard = (text: string): boolean => picomatch.scan(text, { nonegate: true }).isGlob;

/** `too-deep`: it contains `**`, which would watch every directory. `too-many`: it looks into too many directories. */
export type GlobProblem = 'too-deep' | 'too-many';

/**
 * @param directory absolute: the glob is relative to it
 * @returns absolute paths, sorted; those whose last name has no wildcard need not exist
 */
export async function findIncluded(
  context: LoadContext,
  directory: string,
  name: string,
): Promise<string[] | GlobProblem> {
  const { base, glob } = picomatch.scan(name, { nonegate: true });
  if (glob.includes('**')) return 'too-deep';
  const segments = splitSegments(glob);
  let reached = [resolve(directory, unescaped(base))];
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    const next: string[] = [];
    for (const at of reached) {
      const names = hasWildcard(segment) ? await matchingNames(context, at, segment, isLast) : [unescaped(segment)];
      next.push(...names.map((entry) => join(at, entry)));
    }
    reached = next;
    if (reached.length > MAX_REACHED) return 'too-many';
  }
  return reached.sort();
}

const unescaped = (text: string): string => text.replace(/\\(.)/g, '$1');

/** At each `/` outside braces. */
function splitSegments(glob: string): string[] {
  let depth = 0;
  const segments = [''];
  for (const character of glob) {
    if (character === '{') depth++;
    else if (character === '}') depth--;
    if (character === '/' && depth <= 0) segments.push('');
    else segments[segments.length - 1] += character;
  }
  return segments.filter((segment) => segment !== '' && segment !== '.');
}

async function matchingNames(
  { source, watched }: LoadContext,
  directory: string,
  segment: string,
  isLast: boolean,
): Promise<string[]> {
  const entries = await source.list(directory);
  const isMatch = picomatch(segment);
  const names = listingText(
    entries.map((entry) => entry.replace(/\/$/, '')),
    isMatch,
  );
  watched.set(join(directory, segment, '/'), { path: directory, names: segment, contentHash: names });
  const wanted = new Set(entries.filter((entry) => entry.endsWith('/') !== isLast).map((e) => e.replace(/\/$/, '')));
  return names.split('/').filter((name) => wanted.has(name));
}
