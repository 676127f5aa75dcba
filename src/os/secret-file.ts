// Reads the file of one secret, now. A FIFO or a socket answers at once and what is endless is refused; a file system that
// is gone may never answer, which secret-file.ts bounds.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { TextDecoder } from 'node:util';

export type SecretFileResult = { ok: true; text: string } | { ok: false; errno: string; because: string };

/** Linux takes no longer variable (MAX_ARG_STRLEN, execve(2)). */
const MAX_BYTES = 128 * 1024 - 1;

/** @returns the text without the newline at its end; never rejects. */
export async function readSecretFile(path: string): Promise<SecretFileResult> {
  let file: FileHandle | null = null;
  try {
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    if (!(await file.stat()).isFile()) return refused('EINVAL', 'is not a regular file');
    return secretText(await readAll(file));
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? 'EUNKNOWN';
    return refused(errno, REASONS[errno] ?? `cannot be read (${errno})`);
  } finally {
    await file?.close().catch(() => undefined); // EIO: what it held is known, or why not
  }
}

const REASONS: Record<string, string> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'may not be read by the user that runs orch',
  EPERM: 'may not be read by the user that runs orch',
  ENXIO: 'is not a regular file',
  ELOOP: 'cannot be read: its symlinks go in a circle',
};

/** At most one byte more than is allowed. */
async function readAll(file: FileHandle): Promise<Buffer> {
  const buffer = Buffer.alloc(MAX_BYTES + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

/** What would reach the program in another form than it lies in the file is no text that a variable can hold. */
function secretText(bytes: Buffer): SecretFileResult {
  if (bytes.length > MAX_BYTES) return refused('E2BIG', 'is larger than a variable may be (128 KiB)');
  if (bytes.includes(0)) return refused('EINVAL', 'holds a NUL character, which no variable can');
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { ok: true, text: text.replace(/\r?\n$/, '') };
  } catch {
    return refused('EILSEQ', 'is not UTF-8 text');
  }
}

export const refused = (errno: string, because: string): SecretFileResult => ({ ok: false, errno, because });

// How secret files are read: few at a time, each path once, so that a file system that is gone takes two threads of the
// pool (4, libuv) and never all of them: the rest of the supervisor writes its state with the others.

/** A network drive that is gone answers never; nothing can call the read back, and it keeps its thread. */
const TIMEOUT_MS = 10_000;
const MAX_RUNNING = 2;

export class SecretFileReader {
  /** By path. */
  readonly #running = new Map<string, { isOverdue: boolean }>();
  /** By path, in the order of asking. All who ask before a read begins share it; nobody one that began before: it may be old. */
  readonly #waiting = new Map<string, PendingRead>();
  readonly #timeoutMs: number;
  readonly #readFile: (path: string) => Promise<SecretFileResult>;

  /** @param readFile instead of the disk, for tests */
  constructor(patienceMs = TIMEOUT_MS, readFile = readSecretFile) {
    this.#timeoutMs = patienceMs;
    this.#readFile = readFile;
  }

  /** @returns what the file holds now; ETIMEDOUT after the patience, and at once while two do not answer. */
  async read(path: string): Promise<SecretFileResult> {
    if (this.#isBlocked()) return this.#timedOut(path);
    const answer = this.#request(path);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<SecretFileResult>((resolve) => {
      timer = setTimeout(() => resolve(this.#timedOut(path)), this.#timeoutMs);
    });
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }

  #isBlocked(): boolean {
    return this.#running.size === MAX_RUNNING && [...this.#running.values()].every(({ isOverdue }) => isOverdue);
  }

  #timedOut(path: string): SecretFileResult {
    const because = this.#running.has(path)
      ? `cannot be read: its file system has not answered within ${this.#timeoutMs / 1_000} s`
      : `is not read as long as there is no answer about ${[...this.#running.keys()].join(' and ')}`;
    return refused('ETIMEDOUT', because);
  }

  #request(path: string): Promise<SecretFileResult> {
    const shared = this.#waiting.get(path);
    if (shared) return shared.answer;
    const later = createPendingRead();
    this.#waiting.set(path, later);
    this.#startWaiting();
    return later.answer;
  }

  #startWaiting(): void {
    for (const [path, { settle }] of this.#waiting) {
      if (this.#running.size === MAX_RUNNING) return;
      if (this.#running.has(path)) continue;
      this.#waiting.delete(path);
      settle(this.#start(path));
    }
  }

  async #start(path: string): Promise<SecretFileResult> {
    const reading = { isOverdue: false };
    this.#running.set(path, reading);
    const timer = setTimeout(() => {
      reading.isOverdue = true;
    }, this.#timeoutMs).unref();
    try {
      return await this.#readFile(path);
    } finally {
      clearTimeout(timer);
      this.#running.delete(path);
      this.#startWaiting();
    }
  }
}

/** The pool of threads is the process's, so these are too. */
export const secretFileReader = new SecretFileReader();

type PendingRead = { answer: Promise<SecretFileResult>; settle: (reading: Promise<SecretFileResult>) => void };

function createPendingRead(): PendingRead {
  let settle: PendingRead['settle'] = () => undefined;
  const answer = new Promise<SecretFileResult>((resolve) => {
    settle = resolve;
  });
  return { answer, settle };
}
