// Adds the personal overlay to .gitignore of a git repository, unless git ignores it already.
import { appendFile, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { overlayOf, PERSONAL } from '../../core/environment-name.ts';

/**
 * @param file procs.yaml, absolute
 * @returns the line that was added; null: git ignores it already, or there is nothing to add it to
 */
export async function ignorePersonalOverlay(file: string): Promise<string | null> {
  const { runGit } = await import('../../config/files/run-git.ts');
  const directory = dirname(file);
  const overlay = overlayOf(basename(file), PERSONAL);
  // 0: ignored; 1: not ignored; else no repository, or no git.
  const ignored = await runGit(['check-ignore', '--quiet', '--', overlay], directory);
  if (ignored.exitCode !== 1) return null;
  const path = join(directory, '.gitignore');
  const before = await readFile(path, 'utf8').catch(() => ''); // a new file
  const lineBreak = before === '' || before.endsWith('\n') ? '' : '\n';
  const isAdded = await appendFile(path, `${lineBreak}/${overlay}\n`).then(
    () => true,
    () => false, // read-only: `init` has written what it can
  );
  return isAdded ? `/${overlay}` : null;
}
