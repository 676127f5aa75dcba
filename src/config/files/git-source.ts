// Configuration files as a commit has them, for `orch plan A..B`. Reads with `git cat-file`, writes nothing, takes no index
// lock. A file that git ignores (a `.env`) is not in any commit: it is read from the disk.
import { basename, dirname, join, posix, relative, resolve, sep } from 'node:path';
import type { Problem } from '../../core/load-result.ts';
import { fileProblem, quote } from '../problem/problem.ts';
import {
  diskSource,
  type FileContent,
  type FileSource,
  isDirectory,
  MAX_FILE_BYTES,
  SYMLINK_LOOP,
  tooLarge,
} from './file-source.ts';
import { type GitAnswer, runGit } from './run-git.ts';

export type GitSource = { source: FileSource /** Full hash. */; commit: string };

/**
 * @param file absolute path of procs.yaml; where its directory is gone, the nearest existing one names the repository
 * @param ref a branch, tag, hash, `HEAD~2`, …
 * @param branch another such name: the last commit that both have in common is meant, as in `git diff ref...branch`
 * @returns the source, or the Problem: git, the repository or the commit is missing
 */
export async function openGitSource(
  file: string,
  ref: string,
  branch: string | null = null,
): Promise<GitSource | Problem> {
  const { existing: directory } = await nearestDirectory(dirname(file));
  const git: Git = (args) => runGit(args, directory);
  const top = await git(['rev-parse', '--show-toplevel']);
  if (top.exitCode !== 0) return fileProblem(basename(file), noRepository(top, directory));
  const found = await findCommit(git, file, ref);
  if (typeof found !== 'string') return found;
  const commit = branch === null ? found : await findBase(git, file, found, branch);
  if (typeof commit !== 'string') return commit;
  return { commit, source: new CommitSource(git, await diskSource.resolve(textOf(top)), commit) };
}

async function findCommit(git: Git, file: string, ref: string): Promise<string | Problem> {
  const found = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`]);
  if (found.exitCode === 0) return textOf(found);
  const message = `git does not know the commit ${quote(ref)}`;
  // A checkout of a pipeline has one commit unless it asks for more.
  const isShallow = textOf(await git(['rev-parse', '--is-shallow-repository'])) === 'true';
  const hint = isShallow
    ? 'this clone is shallow: fetch the whole history (`git fetch --unshallow`, `fetch-depth: 0`)'
    : 'name a branch, a tag or a commit, such as HEAD~1; `git log --oneline` lists them';
  return fileProblem(basename(file), { code: 'no-such-commit', message, hint });
}

async function findBase(git: Git, file: string, commit: string, branch: string): Promise<string | Problem> {
  const other = await findCommit(git, file, branch);
  if (typeof other !== 'string') return other;
  const base = await git(['merge-base', commit, other]);
  if (base.exitCode === 0) return textOf(base);
  const message = `git finds no commit that ${quote(branch)} and ${commit.slice(0, 7)} have in common`;
  return fileProblem(basename(file), {
    code: 'no-such-commit',
    message,
    hint: 'two dots compare the commits themselves',
  });
}

export const isGitProblem = (value: GitSource | Problem): value is Problem => 'severity' in value;

/** @returns `existing` with symlinks resolved, `gone`: the rest of the path, '' where all of it exists. */
async function nearestDirectory(directory: string): Promise<{ existing: string; gone: string }> {
  let [existing, gone] = [directory, ''];
  while (existing !== dirname(existing) && !(await isDirectory(existing))) {
    [existing, gone] = [dirname(existing), join(basename(existing), gone)];
  }
  return { existing: await diskSource.resolve(existing), gone };
}

type Git = (args: string[]) => Promise<GitAnswer>;

const textOf = ({ stdout }: GitAnswer): string => stdout.toString('utf8').trim();

function noRepository(answer: GitAnswer, directory: string): { code: string; message: string; hint: string } {
  if (answer.code === 'ENOENT')
    return { code: 'no-git', message: 'the program git was not found', hint: 'install git' };
  const message = `${directory} is not in a git repository`;
  return { code: 'no-repository', message, hint: 'plan between commits needs one: `git init`, then commit procs.yaml' };
}

type GitEntry = { mode: string; type: string; hash: string; size: number };
const SYMLINK = '120000';
const MAX_HOPS = 10;

class CommitSource implements FileSource {
  readonly untracked = diskSource;
  readonly #git: Git;
  /** Directory of the repository, absolute. */
  readonly #top: string;
  readonly #commit: string;

  constructor(git: Git, top: string, commit: string) {
    this.#git = git;
    this.#top = top;
    this.#commit = commit;
  }

  read(path: string): Promise<FileContent> {
    return this.#read(path, 0);
  }

  async list(directory: string): Promise<string[]> {
    const inside = this.#pathInside(directory);
    if (inside === null) return [];
    const tree = inside === '' ? this.#commit : `${this.#commit}:${inside}`;
    const listed = await this.#git(['ls-tree', '-z', '--full-tree', tree]);
    if (listed.exitCode !== 0) return [];
    return [...textOf(listed).matchAll(/(\d{6}) (\w+) \w+\t([^\0]+)/g)].flatMap(([, mode, type, name]) => {
      if (mode === SYMLINK) return [name!, `${name}/`]; // it may lead to either
      return [type === 'tree' ? `${name}/` : name!];
    });
  }

  async resolve(directory: string): Promise<string> {
    const { existing, gone } = await nearestDirectory(directory);
    return join(existing, gone);
  }

  async #read(path: string, hops: number): Promise<FileContent> {
    const inside = this.#pathInside(path);
    if (inside === null) return diskSource.read(path);
    if (hops > MAX_HOPS) return SYMLINK_LOOP;
    const entry = await this.#entryAt(inside);
    if (entry?.mode === SYMLINK)
      return this.#read(resolve(this.#top, dirname(inside), await this.#targetOf(entry)), hops + 1);
    if (entry) return this.#readBlob(entry);
    const direct = await this.#resolveFirstSymlink(inside);
    if (direct !== null) return this.#read(direct, hops + 1);
    return (await this.#isIgnored(path)) ? diskSource.read(path) : { kind: 'missing' };
  }

  /** The path within the repository, with forward slashes; null for a path outside. */
  #pathInside(path: string): string | null {
    const inside = relative(this.#top, path).split(sep).join('/');
    return inside.startsWith('../') || posix.isAbsolute(inside) ? null : inside;
  }

  async #entryAt(inside: string): Promise<GitEntry | null> {
    const listed = await this.#git(['ls-tree', '-z', '-l', '--full-tree', this.#commit, '--', inside]);
    const match = /^(\d{6}) (\w+) (\w+)\s+(\d+|-)\t/.exec(textOf(listed));
    if (listed.exitCode !== 0 || !match) return null;
    const [, mode, type, hash, size] = match;
    return { mode: mode!, type: type!, hash: hash!, size: Number(size) };
  }

  async #readBlob({ type, hash, size }: GitEntry): Promise<FileContent> {
    if (type !== 'blob')
      return { kind: 'refused', code: 'not-a-file', message: 'is a directory, not a file', hint: null };
    if (size > MAX_FILE_BYTES) return tooLarge(size);
    const { exitCode, stdout } = await this.#git(['cat-file', 'blob', hash]);
    if (exitCode !== 0) return { kind: 'refused', code: 'unreadable', message: 'cannot be read by git', hint: null };
    return { kind: 'bytes', bytes: stdout };
  }

  async #targetOf({ hash }: GitEntry): Promise<string> {
    return textOf(await this.#git(['cat-file', 'blob', hash]));
  }

  /** The absolute path with its first symlinked directory replaced by the target; null without such a directory. */
  async #resolveFirstSymlink(inside: string): Promise<string | null> {
    const steps = inside.split('/');
    for (let depth = 1; depth < steps.length; depth++) {
      const directory = steps.slice(0, depth).join('/');
      const entry = await this.#entryAt(directory);
      if (!entry) return null;
      if (entry.mode !== SYMLINK) continue;
      return resolve(this.#top, dirname(directory), await this.#targetOf(entry), ...steps.slice(depth));
    }
    return null;
  }

  async #isIgnored(path: string): Promise<boolean> {
    return (await this.#git(['check-ignore', '--quiet', '--', path])).exitCode === 0;
  }
}
