// Configuration files as a commit has them, for `orch plan A..B`. Reads by `git cat-file`; writes nothing, no index lock.
// Files that git ignores (a `.env`) are not in any commit: those are read from the disk.

import { stat } from 'node:fs/promises';
import { basename, dirname, join, posix, relative, resolve, sep } from 'node:path';
import type { Problem } from '../../core/load-result.ts';
import { fileProblem, quote } from '../problem/problem.ts';
import { diskSource, type FileContent, type FileSource, MAX_FILE_BYTES, tooLarge } from './file-source.ts';

export type GitSource = { source: FileSource /** Full hash. */; commit: string };

/**
 * @param file absolute path of procs.yaml; where its directory is gone, the nearest one that exists says which repository
 * @param ref a branch, tag, hash, `HEAD~2`, …
 * @returns the source, or the Problem: no git, no repository, no such commit.
 */
export async function openGitSource(file: string, ref: string): Promise<GitSource | Problem> {
  const { execa } = await import('execa');
  const { existing } = await nearestDirectory(dirname(file));
  const directory = existing;
  const git: Git = (args) =>
    execa('git', args, {
      cwd: directory,
      encoding: 'buffer',
      reject: false,
      stripFinalNewline: false,
      env: { ...CLEARED_GIT_VARIABLES, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
    });
  const top = await git(['rev-parse', '--show-toplevel']);
  if (top.exitCode !== 0) return fileProblem(basename(file), noRepository(top, directory));
  const found = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`]);
  if (found.exitCode !== 0) {
    const hint = 'name a branch, a tag or a commit, such as HEAD~1; `git log --oneline` lists them';
    return fileProblem(basename(file), { code: 'no-such-commit', message: `git knows no commit ${quote(ref)}`, hint });
  }
  const commit = gitOutput(found);
  return { commit, source: commitSource(git, await diskSource.resolve(gitOutput(top)), commit) };
}

/** What git tells a hook of the repository that it runs in: ours is the one around the file. */
const CLEARED_GIT_VARIABLES = {
  GIT_DIR: undefined,
  GIT_COMMON_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_PREFIX: undefined,
};

/** @returns `existing` with symlinks resolved, `gone`: what follows of the path, '' where all of it exists. */
async function nearestDirectory(directory: string): Promise<{ existing: string; gone: string }> {
  let [existing, gone] = [directory, ''];
  while (existing !== dirname(existing) && !(await isDirectory(existing))) {
    [existing, gone] = [dirname(existing), join(basename(existing), gone)];
  }
  return { existing: await diskSource.resolve(existing), gone };
}

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false, // not there, or not for us: git will say the same of what is above it
  );

export const isGitProblem = (value: GitSource | Problem): value is Problem => 'severity' in value;

type Git = (
  args: string[],
) => Promise<{ exitCode?: number | undefined; stdout: Uint8Array; code?: string | undefined }>;
type GitAnswer = Awaited<ReturnType<Git>>;
const gitOutput = ({ stdout }: GitAnswer): string => Buffer.from(stdout).toString('utf8').trim();

function noRepository(answer: GitAnswer, directory: string): { code: string; message: string; hint: string } {
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
  const read = async (path: string, hops: number): Promise<FileContent> => {
    const inside = inRepository(path);
    if (inside === null) return diskSource.read(path);
    if (hops > MAX_HOPS) return SYMLINK_LOOP;
    const entry = await gitEntryAt(git, commit, inside);
    if (entry?.mode === SYMLINK) return read(resolve(top, dirname(inside), await targetOf(git, entry)), hops + 1);
    if (entry) return readBlob(git, entry);
    const direct = await resolveFirstSymlink(git, { top, commit }, inside);
    if (direct !== null) return read(direct, hops + 1);
    return (await isIgnored(git, path)) ? diskSource.read(path) : { kind: 'missing' };
  };
  return {
    resolve: async (directory) => {
      const { existing, gone } = await nearestDirectory(directory);
      return join(existing, gone);
    },
    read: (path) => read(path, 0),
    list: async (directory) => {
      const inside = inRepository(directory);
      if (inside === null) return [];
      const tree = inside === '' ? commit : `${commit}:${inside}`;
      const listed = await git(['ls-tree', '-z', '--name-only', '--full-tree', tree]);
      return listed.exitCode === 0
        ? gitOutput(listed)
            .split('\0')
            .filter((name) => name !== '')
        : [];
    },
  };
}

async function isIgnored(git: Git, path: string): Promise<boolean> {
  return (await git(['check-ignore', '--quiet', '--', path])).exitCode === 0;
}

type GitEntry = { mode: string; type: string; hash: string; size: number };
/** `top`: the directory of the repository. */
type CommitPlace = { top: string; commit: string };
const SYMLINK = '120000';
const MAX_HOPS = 10;
const SYMLINK_LOOP: FileContent = {
  kind: 'refused',
  code: 'unreadable',
  message: 'cannot be read: its symlinks go in a circle',
  hint: null,
};

async function gitEntryAt(git: Git, commit: string, path: string): Promise<GitEntry | null> {
  const listed = await git(['ls-tree', '-z', '-l', '--full-tree', commit, '--', path]);
  const match = /^(\d{6}) (\w+) (\w+)\s+(\d+|-)\t/.exec(gitOutput(listed));
  if (listed.exitCode !== 0 || !match) return null;
  const [, mode, type, hash, size] = match;
  return { mode: mode!, type: type!, hash: hash!, size: Number(size) };
}

async function readBlob(git: Git, { type, hash, size }: GitEntry): Promise<FileContent> {
  if (type !== 'blob')
    return { kind: 'refused', code: 'not-a-file', message: 'is a directory, not a file', hint: null };
  if (size > MAX_FILE_BYTES) return tooLarge(size);
  const blob = await git(['cat-file', 'blob', hash]);
  if (blob.exitCode !== 0) return { kind: 'refused', code: 'unreadable', message: 'cannot be read by git', hint: null };
  return { kind: 'bytes', bytes: Buffer.from(blob.stdout) };
}

const targetOf = async (git: Git, { hash }: GitEntry): Promise<string> =>
  gitOutput(await git(['cat-file', 'blob', hash]));

/** The absolute path with its first directory that is a symlink replaced by where that leads; null: there is none. */
async function resolveFirstSymlink(git: Git, { top, commit }: CommitPlace, path: string): Promise<string | null> {
  const steps = path.split('/');
  for (let depth = 1; depth < steps.length; depth++) {
    const directory = steps.slice(0, depth).join('/');
    const entry = await gitEntryAt(git, commit, directory);
    if (!entry) return null;
    if (entry.mode !== SYMLINK) continue;
    return resolve(top, dirname(directory), await targetOf(git, entry), ...steps.slice(depth));
  }
  return null;
}
