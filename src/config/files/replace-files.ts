// New texts for files: each is written next to its file and renamed over it, so that a reader never sees half a file. Keeps
// mode and owner, follows symlinks. An error of the system is a Problem.
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Problem } from '../../core/load-result.ts';
import { type ConfigResult, failed, fileProblem } from '../problem/problem.ts';

/** @param display its name for problems */
export type FileReplacement = { path: string; display: string; text: string };

/**
 * All texts are on the disk before the first file is replaced: where one cannot be written, none is.
 * @returns Problems (`cannot-edit`): the error of the system
 */
export async function replaceFiles(files: FileReplacement[]): Promise<ConfigResult<object>> {
  const temporaries: TemporaryFile[] = [];
  let current = files[0]!;
  try {
    for (current of files) temporaries.push(await writeTemporary(current));
    for (const [at, { temporary, target }] of temporaries.entries()) {
      current = files[at]!;
      await rename(temporary, target);
    }
    return { ok: true };
  } catch (error) {
    await Promise.all(temporaries.map(discard));
    return failed(replaceProblem(current, error as NodeJS.ErrnoException));
  }
}

type TemporaryFile = { temporary: string; target: string };

async function writeTemporary({ path, text }: FileReplacement): Promise<TemporaryFile> {
  const target = await realpath(path);
  const { mode, uid, gid } = await stat(target);
  const temporary = join(dirname(target), `.${basename(target).slice(0, 200)}.${randomBytes(4).toString('hex')}.tmp`);
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await keepOwner(file, uid, gid);
    // After the owner: a change of it clears bits of the mode. Not by `open`, to which the umask applies.
    await file.chmod(mode & 0o7777);
    await file.sync();
    await file.close();
  } catch (error) {
    await file.close().catch(() => undefined); // it may be closed already
    await unlink(temporary).catch(() => undefined); // the first error is the one to report
    throw error;
  }
  return { temporary, target };
}

async function discard({ temporary }: TemporaryFile): Promise<void> {
  await unlink(temporary).catch(() => undefined); // a renamed one no longer exists
}

/** Only root may give files away, and other users only to their own groups: otherwise the file belongs to the user of orch. */
async function keepOwner(file: FileHandle, uid: number, gid: number): Promise<void> {
  const now = await file.stat();
  if (now.gid !== gid) await file.chown(now.uid, gid).catch(() => undefined); // not a group of the user
  if (now.uid !== uid) await file.chown(uid, -1).catch(() => undefined); // not root
}

/** Throws an error that does not come from the system again. */
function replaceProblem({ display }: FileReplacement, error: NodeJS.ErrnoException): Problem {
  const { code } = error;
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) throw error;
  const message = `${display} cannot be replaced: ${REASONS[code] ?? `the system reports ${code}`}`;
  const hint = 'orch writes a new file next to it and renames that; `orch scale --ephemeral` changes no file';
  return fileProblem(display, { code: 'cannot-edit', message, hint });
}

const REASONS: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EBUSY: 'it is a mount point',
  ENOENT: 'it no longer exists',
};
