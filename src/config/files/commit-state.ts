// Whether the files of a configuration are committed. Reads git's own answer, writes nothing.
import { dirname } from 'node:path';
import { runGit } from './run-git.ts';

const TIMEOUT_MS = 10_000;
const MAX_NAMED = 3;

/**
 * A file that git ignores does not count, nor one that neither the disk nor the commit has.
 * @param file procs.yaml, absolute. @param paths everything that was read or looked for, absolute
 * @returns a clause that says why they do not count as committed; null: they do
 */
export async function whyUncommitted(file: string, paths: readonly string[]): Promise<string | null> {
  const args = ['status', '--porcelain', '-z', '--untracked-files=all', '--no-renames', '--', ...paths];
  const { exitCode, stdout, code } = await runGit(args, dirname(file), TIMEOUT_MS);
  if (exitCode === 0) return nameFiles(stdout.toString('utf8'));
  if (code === 'ENOENT') return 'git is not installed';
  if (exitCode === null) return 'git did not answer';
  return 'the files are not in one git repository';
}

/** git-status(1), "Short format" with -z: `XY PATH` and NUL. */
function nameFiles(status: string): string | null {
  const names = status
    .split('\0')
    .filter(Boolean)
    .map((entry) => entry.slice(3));
  if (names.length === 0) return null;
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
  return `${names.slice(0, MAX_NAMED).join(', ')}${more} ${names.length === 1 ? 'is' : 'are'} not committed`;
}
