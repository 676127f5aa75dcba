// The commit that is checked out around a configuration, and whether the files are as it has them. Writes nothing.
import { statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { type AppliedCommit, describeCommit } from '../../core/applied-commit.ts';
import { runGit } from './run-git.ts';

export type HeadCommit = AppliedCommit & {
  /** `stampOf` these files when git was asked: it differs once another commit is checked out. */
  stamp: string;
  stamped: readonly string[];
};

/** A repository on a slow disk is not waited for. */
const TIMEOUT_MS = 10_000;

/**
 * @param file procs.yaml, absolute
 * @param paths of the files of the configuration, absolute, links in directories resolved; one that git ignores does not count
 * @param signal the answer is not needed any more
 * @returns null: no repository, no commit yet, or no answer from git
 */
export async function readHeadCommit(
  file: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<HeadCommit | null> {
  const git = (args: string[]) => runGit(args, dirname(file), TIMEOUT_MS, signal);
  const places = await git(['rev-parse', '--show-toplevel', '--absolute-git-dir']);
  const [top, gitDir] = places.stdout.toString('utf8').split('\n');
  if (places.exitCode !== 0 || !top || !gitDir) return null;
  const inside = paths.filter((path) => isInside(top, path));
  if (inside.length === 0) return null;
  const stamped = ['HEAD', 'logs/HEAD', 'index'].map((name) => join(gitDir, name));
  const stamp = stampOf(stamped);
  const { exitCode, stdout } = await git([...STATUS, '--', ...inside]);
  const commit = exitCode === 0 ? parseStatus(stdout.toString('utf8')) : null;
  return commit && { ...commit, stamp, stamped };
}

/** Microseconds: no file is read. */
export const stampOf = (paths: readonly string[]): string => paths.map(stampOfFile).join(' ');

function stampOfFile(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.ino}:${stat.size}:${stat.mtimeMs}` : 'none';
}

/** A name is not a pattern; a program that watches the repository is not started. */
const STATUS = [
  ...['--literal-pathspecs', '-c', 'core.fsmonitor=false'],
  ...['status', '--porcelain=v2', '--branch', '-z', '--untracked-files=all', '--no-renames'],
];

function isInside(top: string, path: string): boolean {
  const inside = relative(top, path);
  return inside !== '' && !inside.startsWith('..') && !isAbsolute(inside);
}

/** git-status(1), "Porcelain Format Version 2": headers, then an entry for each file that differs. */
function parseStatus(text: string): AppliedCommit | null {
  const entries = text.split('\0').filter(Boolean);
  const header = (name: string): string | undefined =>
    entries.find((entry) => entry.startsWith(`# ${name} `))?.slice(name.length + 3);
  const [hash, branch] = [header('branch.oid'), header('branch.head')];
  if (!hash || !/^[0-9a-f]{40,64}$/.test(hash)) return null; // `(initial)`: no commit yet
  const dirty = entries.some((entry) => !entry.startsWith('#'));
  return describeCommit(hash, !branch || branch === '(detached)' ? null : branch, dirty);
}
