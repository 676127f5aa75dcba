// A new text for a file: written beside it and renamed over it, so that nobody ever reads half a file. Keeps mode and owner,
// follows symlinks. What the system refuses is a Problem.

import { randomBytes } from 'node:crypto';
import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Problem } from '../../core/load-result.ts';
import { type ConfigResult, failed, fileProblem } from '../problem/problem.ts';

/** @param display its name for problems */
export type FileReplacement = { path: string; display: string; text: string };

/**
 * Every text is on the disk, beside its file, before the first file is replaced: where one cannot be written, none is.
 * @returns Problems (`cannot-edit`): what the system refused.
 */
export async function replaceFiles(files: FileReplacement[]): Promise<ConfigResult<object>> {
  const staged: Staged[] = [];
  try {
    for (const file of files) staged.push(await asReplaceError(file, () => stage(file)));
    for (const [at, { temporary, target }] of staged.entries()) {
      await asReplaceError(files[at]!, () => rename(temporary, target));
    }
    return { ok: true };
  } catch (error) {
    await Promise.all(staged.map(discard));
    if (error instanceof ReplaceError) return failed(error.problem);
    throw error;
  }
}

type Staged = { temporary: string; target: string };

async function stage({ path, text }: FileReplacement): Promise<Staged> {
  const target = await realpath(path);
  const { mode, uid, gid } = await stat(target);
  const temporary = join(dirname(target), `.${basename(target).slice(0, 200)}.${randomBytes(4).toString('hex')}.tmp`);
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await keepOwner(file, uid, gid);
    // After the owner: a change of it clears bits of the mode. Not by `open`: the umask would take its part.
    await file.chmod(mode & 0o7777);
    await file.sync();
    await file.close();
  } catch (error) {
    await file.close().catch(() => undefined); // it may be closed already
    await unlink(temporary).catch(() => undefined); // the first error is the one that counts
    throw error;
  }
  return { temporary, target };
}

async function discard({ temporary }: Staged): Promise<void> {
  await unlink(temporary).catch(() => undefined); // one that was renamed is not there any more
}

/** Only root gives files away, and others only to groups of their own: what cannot be kept is ours then. */
async function keepOwner(file: FileHandle, uid: number, gid: number): Promise<void> {
  const now = await file.stat();
  if (now.gid !== gid) await file.chown(now.uid, gid).catch(() => undefined); // not our group
  if (now.uid !== uid) await file.chown(uid, -1).catch(() => undefined); // not root
}

class ReplaceError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

async function asReplaceError<T>({ display }: FileReplacement, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) throw error;
    const reason = REASONS[code] ?? `the system reports ${code}`;
    const message = `${display} cannot be replaced: ${reason}`;
    const hint = 'a new file is made beside it and renamed; `orch scale --ephemeral` changes no file';
    throw new ReplaceError(fileProblem(display, { code: 'cannot-edit', message, hint }));
  }
}

const REASONS: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  EBUSY: 'it is a mount point',
  ENOENT: 'it is not there any more',
};
