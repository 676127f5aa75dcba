// A path as the user would write it.
import { relative } from 'node:path';

/** @returns relative to the project inside of it, absolute elsewhere. */
export function displayPath(path: string, root: string): string {
  const name = relative(root, path);
  return name.startsWith('..') ? path : name;
}
