// The tracked files of the project as text: what the rules of tidy look at.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
})
  .toString()
  .split('\0')
  .filter((path) => path !== '' && exists(path));
export const sources = tracked.filter(
  (path) => /^src\/.+\.tsx?$/.test(path) && !path.startsWith('src/config/schema-generated/'),
);
export const code = tracked.filter(
  (path) => /^(src|test|bench|scripts)\/.+\.(tsx?|mjs)$/.test(path) && !isGenerated(path),
);

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

export function exists(path: string): boolean {
  try {
    readFileSync(join(root, path));
    return true;
  } catch {
    return false; // deleted but still in the index, or a link to nowhere
  }
}

function isGenerated(path: string): boolean {
  return path.startsWith('src/config/schema-generated/') || path.startsWith('test/fixtures/');
}

export function specifiersOf(path: string): string[] {
  const text = withoutComments(read(path));
  const pattern = /(?:^|[;\s])(?:import|export)\s+(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/g;
  return [...text.matchAll(pattern)].map((match) => (match[1] ?? match[2])!);
}

/** Modules of the project that a file imports, from the root: `src/core/slot.ts`. */
export function importsOf(path: string): string[] {
  return specifiersOf(path)
    .filter((name) => name.startsWith('.'))
    .map((name) => posix.normalize(posix.join(dirname(path), name)));
}

const STRINGS_AND_COMMENTS = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*/g;

/** Comments become blanks and lines stay where they are; strings stay, for the imports. */
export function withoutComments(text: string): string {
  return text.replace(STRINGS_AND_COMMENTS, (part) => (part.startsWith('/') ? part.replace(/[^\n]/g, ' ') : part));
}

/** Only the comments of a source text, a line each. */
export function commentsIn(text: string): string {
  const parts = text.match(STRINGS_AND_COMMENTS) ?? [];
  return parts.filter((part) => part.startsWith('/')).join('\n');
}
