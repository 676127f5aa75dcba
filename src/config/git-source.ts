// Configuration files as a commit has them, for `orch plan A..B`. Reads by `git cat-file`; writes nothing, no index lock.
// Files that git ignores (a `.env`) are not in any commit: those are read from the disk.
import { basename, dirname, posix, relative, sep } from 'node:path';
import type { Problem } from '../core/model.ts';
import { diskSource, type FileContent, type FileSource, MAX_FILE_BYTES, tooLarge } from './files/file-source.ts';
import { problemOf, quote } from './problem.ts';

export type GitSource = { source: FileSource /** Full hash. */; commit: string };

/**
 * @param file absolute path of procs.yaml; its directory must exist
 * @param ref a branch, tag, hash, `HEAD~2`, …
 * @returns the source, or the Problem: no git, no repository, no such commit.
 */
export async function openGitSource(file: string, ref: string): Promise<GitSource | Problem> {
  const { execa } = await import('execa');
  const directory = await diskSource.resolve(dirname(file));
  const git: Git = (args) =>
    execa('git', args, {
      cwd: directory,
      encoding: 'buffer',
      reject: false,
      stripFinalNewline: false,
      env: { GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
    });
  const top = await git(['rev-parse', '--show-toplevel']);
  if (top.exitCode !== 0) return problemOf(basename(file), noRepository(top, directory));
  const found = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`]);
  if (found.exitCode !== 0) {
    const hint = 'name a branch, a tag or a commit, such as HEAD~1; `git log --oneline` lists them';
    return problemOf(basename(file), { code: 'no-such-commit', message: `git knows no commit ${quote(ref)}`, hint });
  }
  const commit = textOf(found);
  return { commit, source: commitSource(git, await diskSource.resolve(textOf(top)), commit) };
}

export const isProblem = (value: GitSource | Problem): value is Problem => 'severity' in value;

type Git = (
  args: string[],
) => Promise<{ exitCode?: number | undefined; stdout: Uint8Array; code?: string | undefined }>;
type Answer = Awaited<ReturnType<Git>>;
const textOf = ({ stdout }: Answer): string => Buffer.from(stdout).toString('utf8').trim();

function noRepository(answer: Answer, directory: string): { code: string; message: string; hint: string } {
  if (answer.code === 'ENOENT')
    return { code: 'no-git', message: 'the program git was not found', hint: 'install git' };
  const message = `${directory} is in no git repository`;
  return { code: 'no-repository', message, hint: 'plan between commits needs one: `git init`, then commit procs.yaml' };
}

function commitSource(git: Git, top: string, commit: string): FileSource {
  const inRepository = (path: string): string | null => {
    const inside = relative(top, path).split(sep).join('/');
    return inside.startsWith('../') || posix.isAbsolute(inside) ? null : inside;
  };
  return {
    resolve: diskSource.resolve,
    read: async (path) => {
      const inside = inRepository(path);
      if (inside === null) return diskSource.read(path);
      const content = await readBlob(git, commit, inside, 0);
      return content.kind === 'missing' && (await isIgnored(git, path)) ? diskSource.read(path) : content;
    },
    list: async (directory) => {
      const inside = inRepository(directory);
      if (inside === null) return [];
      const tree = inside === '' ? commit : `${commit}:${inside}`;
      const listed = await git(['ls-tree', '-z', '--name-only', '--full-tree', tree]);
      return listed.exitCode === 0
        ? textOf(listed)
            .split('\0')
            .filter((name) => name !== '')
        : [];
    },
  };
}

async function isIgnored(git: Git, path: string): Promise<boolean> {
  return (await git(['check-ignore', '--quiet', '--', path])).exitCode === 0;
}

/** Follows symlinks within the commit, at most 10. */
async function readBlob(git: Git, commit: string, path: string, hops: number): Promise<FileContent> {
  const listed = await git(['ls-tree', '-z', '-l', '--full-tree', commit, '--', path]);
  const entry = /^(\d{6}) (\w+) (\w+)\s+(\d+|-)\t/.exec(textOf(listed));
  if (listed.exitCode !== 0 || !entry) return { kind: 'missing' };
  const [, mode, type, hash, size] = entry;
  if (type !== 'blob')
    return { kind: 'refused', code: 'not-a-file', message: 'is a directory, not a file', hint: null };
  if (Number(size) > MAX_FILE_BYTES) return tooLarge(Number(size));
  const blob = await git(['cat-file', 'blob', hash!]);
  if (blob.exitCode !== 0) return { kind: 'refused', code: 'unreadable', message: 'cannot be read by git', hint: null };
  if (mode !== '120000') return { kind: 'bytes', bytes: Buffer.from(blob.stdout) };
  if (hops >= 10)
    return { kind: 'refused', code: 'unreadable', message: 'cannot be read: its symlinks go in a circle', hint: null };
  return readBlob(git, commit, posix.join(posix.dirname(path), textOf(blob)), hops + 1);
}
