// A small file that is at any moment, power loss included, either the old or the new version. Knows nothing of what
// is in it.
import { constants } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from './errors.ts';

/** What the text must survive: the end of this process, or that of the machine (fsync, milliseconds on a slow disk). */
export type Durability = 'crash' | 'power_loss';

export type StateFile = {
  /**
   * Resolves once this text or a newer one is durable; rejects with the error of the write, the old file then being
   * untouched. Calls made during a write share the next one: the latest text wins.
   */
  save(text: string, durability?: Durability): Promise<void>;
};

const MAX_STATE_BYTES = 64 * 1024 * 1024;

/** Follows no symbolic link; `error` is a sentence naming the file. */
export async function readStateFile(path: string): Promise<{ text: string } | { missing: true } | { error: string }> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) return { error: `${path} is not a regular file` };
      if (stat.size > MAX_STATE_BYTES) return { error: `${path} is larger than 64 MiB` };
      return { text: await file.readFile('utf8') };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { missing: true };
    return { error: explainReadError(path, errnoOf(error)) };
  }
}

export function createStateFile(path: string): StateFile {
  let waiting: { text: string; durability: Durability; done: Promise<void> } | null = null;
  let running: Promise<unknown> = Promise.resolve();
  const begin = () => {
    const { text, durability } = waiting!;
    waiting = null;
    return replaceAtomically(path, text, durability);
  };
  return {
    save: (text, durability = 'power_loss') => {
      if (waiting !== null) {
        waiting.text = text;
        if (durability === 'power_loss') waiting.durability = durability;
        return waiting.done;
      }
      const done = running.then(begin);
      waiting = { text, durability, done };
      running = done.catch(() => undefined); // its callers get the error; the next save must run all the same
      return done;
    },
  };
}

/**
 * Draft in the same directory (always the same name, so that a crash leaves at most one), fsync, rename, fsync of the
 * directory: without the first fsync a file may be empty after a power loss, without the second the rename may be lost.
 */
async function replaceAtomically(path: string, text: string, durability: Durability): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}.tmp`);
  try {
    await writeDraft(draft, text, durability);
    await rename(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => undefined); // it may never have come to be
    throw error;
  }
  if (durability === 'power_loss') await syncDirectory(dirname(path));
}

async function writeDraft(path: string, text: string, durability: Durability): Promise<void> {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const file = await open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  try {
    await file.writeFile(text);
    if (durability === 'power_loss') await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return; // a directory cannot be opened there; NTFS journals the rename
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function explainReadError(path: string, errno: string): string {
  if (errno === 'ELOOP') return `${path} is a symbolic link; orch follows none for its own files`;
  if (errno === 'EACCES') return `no permission to read ${path}`;
  return `cannot read ${path} (${errno})`;
}
