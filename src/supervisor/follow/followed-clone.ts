// The clone around a project: what its ref, HEAD and work tree are now, and the moves of the work tree. Never loses a change that
// is in no commit.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { remoteOf } from '../../config/files/followed-ref.ts';
import { changeWithGit, type GitAnswer, runGit } from '../../config/files/run-git.ts';
import { shortHash } from '../../core/applied-commit.ts';
import type { CommitRelation, FollowFacts, FollowState, MovingPhase, Obstacle } from '../../core/follow.ts';
import type { FollowHost } from './follow-host.ts';
import { unexplainedFiles } from './interrupted-move.ts';

export type CloneFacts = Pick<
  FollowFacts,
  'target' | 'head' | 'relation' | 'continuesGood' | 'isCheckedOut' | 'obstacle'
> & {
  /** Files that change when the ref or HEAD does; they need not exist. */
  watched: string[];
};

/** `hasMoved`: HEAD is the new commit. `failure`: a clause; null: all of it is. */
export type MoveOutcome = { hasMoved: boolean; failure: string | null };

const READ_TIMEOUT_MS = 30_000;
/** git runs the hooks of the clone. */
const MOVE_TIMEOUT_MS = 10 * 60_000;
const MAX_NAMED = 3;
/** What git leaves in its directory in the middle of an operation. */
const UNFINISHED = ['MERGE_HEAD', 'rebase-merge', 'rebase-apply', 'CHERRY_PICK_HEAD', 'REVERT_HEAD'];

/** ... while it runs, and where it was killed. */
const LOCKS = ['index.lock', 'HEAD.lock'];

type Places = { top: string; gitDir: string; commonDir: string };

export class FollowedClone {
  readonly #host: Pick<FollowHost, 'file' | 'variables'>;

  constructor(host: Pick<FollowHost, 'file' | 'variables'>) {
    this.#host = host;
  }

  #git = (...args: string[]): Promise<GitAnswer> => runGit(args, dirname(this.#host.file), READ_TIMEOUT_MS);

  /** @returns the full hash; null: git does not know it, or does not answer */
  async commitOf(name: string): Promise<string | null> {
    const found = await this.#git('rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`);
    return found.exitCode === 0 ? textOf(found) : null;
  }

  /** @returns a clause where git does not answer. */
  async look({ ref, good, phase, bad }: FollowState): Promise<CloneFacts | string> {
    const places = await this.#places();
    if (typeof places === 'string') return places;
    const [target, head, branch] = await Promise.all([
      this.commitOf(ref.full),
      this.commitOf('HEAD'),
      this.#git('symbolic-ref', '--quiet', 'HEAD').then(textOf),
    ]);
    if (head === null) return 'nothing is checked out';
    const isNew = target !== null && target !== head && target !== bad?.commit;
    return {
      target,
      head,
      relation: isNew ? await this.#relation(target, head) : 'same',
      continuesGood: isNew && good !== null && (await this.#isAncestor(good, target)),
      isCheckedOut: branch === ref.full,
      obstacle: isNew || phase.kind !== 'settled' ? await this.#obstacle(places, head, phase) : null,
      watched: watchedIn(places, [ref.full, ...(branch ? [branch] : [])]),
    };
  }

  async #places(): Promise<Places | string> {
    const found = await this.#git('rev-parse', '--show-toplevel', '--absolute-git-dir', '--git-common-dir');
    const [top, gitDir, common] = textOf(found).split('\n');
    if (found.exitCode !== 0 || !top || !gitDir || !common) return found.stderr || 'git does not answer';
    return { top, gitDir, commonDir: resolve(dirname(this.#host.file), common) };
  }

  async #relation(target: string, head: string): Promise<CommitRelation> {
    if (await this.#isAncestor(head, target)) return 'newer';
    if (await this.#isAncestor(target, head)) return 'older';
    return textOf(await this.#git('rev-parse', '--is-shallow-repository')) === 'true' ? 'unknown' : 'rewritten';
  }

  async #isAncestor(ancestor: string, commit: string): Promise<boolean> {
    return (await this.#git('merge-base', '--is-ancestor', ancestor, commit)).exitCode === 0;
  }

  async #obstacle({ top, gitDir }: Places, head: string, phase: FollowState['phase']): Promise<Obstacle | null> {
    const lock = LOCKS.map((name) => join(gitDir, name)).find((path) => existsSync(path));
    if (lock !== undefined) return { because: `another git is at work (${lock})`, command: null };
    if (UNFINISHED.some((name) => existsSync(join(gitDir, name))))
      return { because: 'a merge or rebase is not finished', command: 'git status' };
    if (phase.kind === 'moving' && head === phase.to) return null;
    const status = await this.#git('status', '--porcelain', '-z', '--untracked-files=no', '--no-renames');
    if (status.exitCode !== 0) return { because: status.stderr || 'git does not answer', command: null };
    const changed = textOf(status, false)
      .split('\0')
      .filter(Boolean)
      .map((entry) => entry.slice(3));
    if (phase.kind === 'moving') {
      const names = await unexplainedFiles({ ...phase, changed, top });
      const because = `the move to ${shortHash(phase.to)} was interrupted, and other changes came on top (${namesOf(names)})`;
      return names.length === 0 ? null : { because, command: `git reset --hard ${shortHash(phase.to)}` };
    }
    if (changed.length === 0) return null;
    const verb = changed.length === 1 ? 'is' : 'are';
    return {
      because: `the work tree is not clean: ${namesOf(changed)} ${verb} changed and not committed`,
      command: 'git stash',
    };
  }

  /** @param isInterrupted a supervisor before has begun this move: `look` found that what is there are remains of it */
  async move({ from, to }: MovingPhase, isInterrupted: boolean): Promise<MoveOutcome> {
    if ((await this.commitOf('HEAD')) !== to) {
      const continues = await this.#isAncestor(from, to);
      // Both refuse to overwrite what is in no commit. `merge` checks signatures and runs hooks, as a pull does.
      const plain = continues ? ['merge', '--ff-only', '--quiet', to] : ['reset', '--keep', '--quiet', to];
      const moved = await this.#change(isInterrupted ? ['reset', '--hard', '--quiet', to] : plain);
      if (moved.exitCode !== 0) return { hasMoved: false, failure: `git: ${moved.stderr || 'no answer'}` };
    }
    if (!(await this.#changesSubmodules(from, to))) return { hasMoved: true, failure: null };
    const updated = await this.#change(['submodule', '--quiet', 'update', '--init', '--recursive']);
    return { hasMoved: true, failure: updated.exitCode === 0 ? null : `its submodules: ${updated.stderr}` };
  }

  async #changesSubmodules(from: string, to: string): Promise<boolean> {
    return / 160000 |^:160000 /m.test(textOf(await this.#git('diff', '--raw', '--no-abbrev', from, to)));
  }

  /** Absolute; links in the path of the clone resolved. */
  async changedFiles(from: string, to: string): Promise<string[]> {
    const [top, names] = await Promise.all([
      this.#git('rev-parse', '--show-toplevel'),
      this.#git('diff', '--name-only', '-z', '--no-renames', '--no-relative', from, to),
    ]);
    return textOf(names, false)
      .split('\0')
      .filter(Boolean)
      .map((name) => join(textOf(top), name));
  }

  /** @returns what git says; null: fetched */
  async fetch(ref: string, timeoutMs: number): Promise<string | null> {
    const remote = remoteOf(ref, textOf(await this.#git('remote')).split('\n'));
    if (remote === null) return `no remote of the clone has ${ref}`;
    // A collection of garbage in the background would outlive the project.
    const calm = ['-c', 'gc.autoDetach=false', '-c', 'maintenance.autoDetach=false'];
    const fetched = await this.#change([...calm, 'fetch', '--quiet', remote], timeoutMs);
    if (fetched.exitCode === 0) return null;
    return fetched.stderr || `git did not answer within ${timeoutMs / 1_000} s`;
  }

  #change(args: string[], timeoutMs = MOVE_TIMEOUT_MS): Promise<GitAnswer> {
    // Those of the last `up`: an agent of ssh, a proxy.
    const environment = this.#host.variables.all;
    return changeWithGit(args, { cwd: dirname(this.#host.file), environment, timeoutMs });
  }
}

/** A ref is a file, a line of packed-refs, or an entry of a reftable. */
const watchedIn = ({ gitDir, commonDir }: Places, refs: readonly string[]): string[] => [
  ...['HEAD', 'logs/HEAD', 'reftable/tables.list'].map((name) => join(gitDir, name)),
  ...['packed-refs', 'reftable/tables.list', ...refs].map((name) => join(commonDir, name)),
];

const namesOf = (names: readonly string[]): string =>
  names.length > MAX_NAMED
    ? `${names.slice(0, MAX_NAMED).join(', ')} and ${names.length - MAX_NAMED} more`
    : names.join(', ');

const textOf = ({ stdout }: GitAnswer, trims = true): string =>
  trims ? stdout.toString('utf8').trim() : stdout.toString('utf8');
