// Files that the output is written to: one that the user names, and one for the time that another program shows it.
import { rmSync } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Writes the file. null: the user does not want it any more. */
type WriteFile<Written> = (file: FileHandle) => Promise<Written | null>;

/**
 * @param name relative to the working directory. A file that exists is left alone.
 * @returns its path, and what `write` returned; null: stopped, the file is gone
 */
export async function saveFile<Written>(
  name: string,
  write: WriteFile<Written>,
): Promise<{ path: string; written: Written } | null> {
  const path = resolve(name.replace(/^~(?=\/|$)/, homedir()));
  const written = await writeNew(path, write);
  return written === null ? null : { path, written };
}

type OutputCopy<Written> = {
  path: string;
  written: Written;
  remove(): Promise<void>;
  /** When this process has to end. */
  removeNow(): void;
};
const REMOVAL = { recursive: true, force: true };

/** A file that only this user can read. The caller removes it. @returns null: stopped, the file is gone */
export async function temporaryFile<Written>(write: WriteFile<Written>): Promise<OutputCopy<Written> | null> {
  const directory = await mkdtemp(join(tmpdir(), 'orch-output-')); // mode 0700
  const remove = () => rm(directory, REMOVAL);
  const path = join(directory, 'output.txt');
  try {
    const written = await writeNew(path, write);
    if (written !== null) return { path, written, remove, removeNow: () => rmSync(directory, REMOVAL) };
  } catch (error) {
    await remove();
    throw error;
  }
  await remove();
  return null;
}

/** A file that was not written to its end is removed. */
async function writeNew<Written>(path: string, write: WriteFile<Written>): Promise<Written | null> {
  const file = await open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST' ? new Error(`${path} exists already`) : error;
  });
  let written: Written | null = null;
  try {
    written = await write(file);
  } finally {
    await file.close();
    if (written === null) await rm(path, { force: true });
  }
  return written;
}
