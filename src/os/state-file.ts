// A small file that is always, power loss included, either the old or the new version. Knows nothing of its content.
import { constants } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from './errors.ts';

/** What the text must survive: the end of this process, or that of the machine (fsync, milliseconds on a slow disk). */
export type Durability = 'crash' | 'power_loss';

const MAX_STATE_BYTES = 64 * 1024 * 1024;

/** Does not follow symbolic links; `error` is a sentence naming the file. */
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

function explainReadError(path: string, errno: string): string {
  if (errno === 'ELOOP') return `${path} is a symbolic link; orch follows none for its own files`;
  if (errno === 'EACCES') return `no permission to read ${path}`;
  return `cannot read ${path} (${errno})`;
}

/** As UTF-8 where it is bytes. */
type StateText = string | Buffer;

export class StateFile {
  readonly #path: string;
  #waiting: { text: StateText; durability: Durability; done: Promise<void> } | null = null;
  #running: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Resolves once this text or a newer one is durable; rejects with the error of the write, the old file then being
   * untouched. Calls made during a write share the next one: the latest text wins.
   */
  save(text: StateText, durability: Durability = 'power_loss'): Promise<void> {
    if (this.#waiting !== null) {
      this.#waiting.text = text;
      if (durability === 'power_loss') this.#waiting.durability = durability;
      return this.#waiting.done;
    }
    const done = this.#running.then(() => this.#writeWaiting());
    this.#waiting = { text, durability, done };
    this.#running = done.catch(() => undefined); // the callers get the error; the next save must still run
    return done;
  }

  #writeWaiting(): Promise<void> {
    const { text, durability } = this.#waiting!;
    this.#waiting = null;
    return replaceAtomically(this.#path, text, durability);
  }
}

/**
 * Draft in the same directory (always the same name, so that a crash leaves at most one), fsync, rename, fsync of the
 * directory: without the first fsync a file may be empty after a power loss, without the second the rename may be lost.
 */
async function replaceAtomically(path: string, text: StateText, durability: Durability): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}.tmp`);
  try {
    await writeDraft(draft, text, durability);
    await rename(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => undefined); // ENOENT: it was not created
    throw error;
  }
  if (durability === 'power_loss') await syncDirectory(dirname(path));
}

async function writeDraft(path: string, text: StateText, durability: Durability): Promise<void> {
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
