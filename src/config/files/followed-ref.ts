// `orch up --follow REF`: which ref of the clone around the project is meant. Reads only.
import { dirname } from 'node:path';
import { type FollowedRef, whyCheckedOut } from '../../core/follow.ts';
import { quote } from '../problem/problem.ts';
import { suggestionHint } from '../problem/suggest.ts';
import { type GitAnswer, runGit } from './run-git.ts';

export type FollowRequest = { file: string; text: string; fetchEveryMs: number | null; timeoutMs: number };
export type FollowRefusal = { code: string; message: string; hint: string };

/**
 * @param request `file`: procs.yaml, absolute. `text`: a branch, a branch of a remote or a tag; with `+` in front, as in a refspec
 * of git, also where it is rewritten
 * @returns a refusal: it cannot be followed
 */
export async function findFollowedRef(request: FollowRequest): Promise<FollowedRef | FollowRefusal> {
  const { file, text, fetchEveryMs, timeoutMs } = request;
  const takesRewrites = text.startsWith('+');
  const name = takesRewrites ? text.slice(1) : text;
  const git = (...args: string[]) => runGit(args, dirname(file));
  const top = await git('rev-parse', '--show-toplevel');
  if (top.exitCode !== 0) return noClone(top, dirname(file));
  const [full, commit, head] = await Promise.all([
    git('rev-parse', '--symbolic-full-name', '--verify', '--quiet', '--end-of-options', name),
    git('rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`),
    git('symbolic-ref', '--quiet', 'HEAD'),
  ]);
  if (commit.exitCode !== 0) return unknownRef(name, await git('for-each-ref', '--format=%(refname:short)'));
  const ref = textOf(full);
  if (!ref.startsWith('refs/')) return notMoving(name);
  if (ref === textOf(head)) {
    const { because, command } = whyCheckedOut(name);
    const hint = `follow the branch of the remote (such as origin/${name}), or \`${command}\` first`;
    return { code: 'usage', message: because, hint };
  }
  const remote = fetchEveryMs === null ? '' : remoteOf(ref, textOf(await git('remote')).split('\n'));
  if (remote === null) return notFetched(name);
  return { name, full: ref, takesRewrites, fetchEveryMs, timeoutMs };
}

export const isFollowRefusal = (found: FollowedRef | FollowRefusal): found is FollowRefusal => 'code' in found;

/** `refs/remotes/origin/main` → `origin`; null: it is not a branch of a remote. The name of a remote may have slashes. */
export function remoteOf(ref: string, remotes: readonly string[]): string | null {
  const fitting = remotes.filter((remote) => remote !== '' && ref.startsWith(`refs/remotes/${remote}/`));
  return fitting.sort((a, b) => b.length - a.length)[0] ?? null;
}

function noClone({ code }: GitAnswer, directory: string): FollowRefusal {
  if (code === 'ENOENT') return { code: 'usage', message: 'the program git was not found', hint: 'install git' };
  const message = `${directory} is not in the work tree of a git repository`;
  return { code: 'usage', message, hint: '`--follow` applies the commits of a clone: run it within one' };
}

function unknownRef(name: string, refs: GitAnswer): FollowRefusal {
  const known = textOf(refs).split('\n').filter(Boolean);
  const hint = suggestionHint(name, known, 'git knows') ?? 'the repository has no commit yet';
  return { code: 'not-found', message: `git does not know the branch or tag ${quote(name)}`, hint };
}

const notMoving = (name: string): FollowRefusal => ({
  code: 'usage',
  message: `${quote(name)} always means the same commit`,
  hint: 'name a branch or a tag, such as origin/main',
});

const notFetched = (name: string): FollowRefusal => ({
  code: 'usage',
  message: `\`--fetch-every\` needs the branch of a remote, not ${name}`,
  hint: 'for example `--follow origin/main --fetch-every 1m`',
});

const textOf = ({ stdout }: GitAnswer): string => stdout.toString('utf8').trim();
