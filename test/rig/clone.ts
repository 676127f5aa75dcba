// A project in a clone, and the repository that it comes from.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FollowStatus } from '../../src/core/follow-status.ts';
import { git } from './git.ts';
import { createProject, type Project, withPrograms } from './project.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { waitFor } from './wait-for.ts';

export type Clone = {
  project: Project;
  /** The clone. */
  git: (...args: string[]) => string;
  upstream: string;
  /** Commits in the repository that the clone comes from; null removes a file. @returns the full hash */
  commit: (files: Record<string, string | null>) => string;
  /** The same, and the clone fetches it. */
  push: (files: Record<string, string | null>) => string;
  /** `up -d --wait --follow origin/main`. */
  follow: (...args: string[]) => Promise<void>;
  status: () => Promise<FollowStatus>;
  /** Waits until this holds. */
  until: (what: string, holds: (follow: FollowStatus) => boolean, timeoutMs?: number) => Promise<FollowStatus>;
  /** Waits until the commit is in force and good. */
  untilGood: (commit: string) => Promise<FollowStatus>;
};

/** @param files of the first commit. `.orch` ignores itself */
export function createClone(files: Record<string, string>, options: { env?: Record<string, string> } = {}): Clone {
  const upstream = join(temporaryDirectory('upstream'), 'shop');
  const write = (given: Record<string, string | null>): void => {
    for (const [name, text] of Object.entries(given)) {
      const path = join(upstream, name);
      mkdirSync(dirname(path), { recursive: true });
      if (text === null) rmSync(path);
      else writeFileSync(path, withPrograms(text));
    }
  };
  const commit = (given: Record<string, string | null>): string => {
    write(given);
    git(upstream, 'add', '-A');
    git(upstream, 'commit', '-q', '--allow-empty', '-m', 'change');
    return git(upstream, 'rev-parse', 'HEAD').trim();
  };
  mkdirSync(upstream, { recursive: true });
  git(upstream, 'init', '-q', '-b', 'main');
  commit(files);
  const project = createProject({}, { readyAfter: true, env: { GIT_CONFIG_GLOBAL: '/dev/null', ...options.env } });
  const inClone = (...args: string[]) => git(project.root, ...args);
  inClone('clone', '-q', upstream, '.');
  const push: Clone['push'] = (given) => {
    const hash = commit(given);
    inClone('fetch', '-q');
    return hash;
  };
  const status = async () => {
    const { follow } = (await project.ps()).config;
    if (!follow) throw new Error('no ref is followed');
    return follow;
  };
  const until: Clone['until'] = (what, holds, timeoutMs = 20_000) => waitFor(what, status, holds, timeoutMs);
  return {
    ...{ project, git: inClone, upstream, commit, push, status, until },
    follow: async (...args) => void (await project.up('--follow', 'origin/main', ...args)),
    untilGood: (hash) => until(`${hash} is good`, ({ good, commit: at }) => good === hash && at === hash),
  };
}
