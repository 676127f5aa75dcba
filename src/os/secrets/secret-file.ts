// Reads secret files: few at a time and each path once, so that a file system that does not respond blocks two threads of
// the pool (4, libuv) and never all of them: the rest of the supervisor writes its state with the others. FIFOs, sockets and
// endless files are refused at once.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { TextDecoder } from 'node:util';

export type SecretFileResult = { ok: true; text: string } | { ok: false; errno: string; because: string };

/** The longest variable that Linux accepts (MAX_ARG_STRLEN, execve(2)). */
export const MAX_SECRET_BYTES = 128 * 1024 - 1;
/** A lost network drive never responds; a read cannot be cancelled, and keeps its thread. */
const TIMEOUT_MS = 10_000;
const MAX_RUNNING = 2;

export const refused = (errno: string, because: string): SecretFileResult => ({ ok: false, errno, because });

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
    await file?.close().catch(() => undefined); // EIO: the content, or the reason, is known already
  }
}

const REASONS: Record<string, string> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'may not be read by the user that runs orch',
  EPERM: 'may not be read by the user that runs orch',
  ENXIO: 'is not a regular file',
  ELOOP: 'cannot be read: its symlinks form a loop',
};

/** Reads at most one byte more than is allowed. */
async function readAll(file: FileHandle): Promise<Buffer> {
  const buffer = Buffer.alloc(MAX_SECRET_BYTES + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

/** Refuses bytes that a variable cannot hold, or that the program would not get as they are in the file. */
export function secretText(bytes: Buffer): SecretFileResult {
  if (bytes.length > MAX_SECRET_BYTES) return refused('E2BIG', 'is larger than the limit of a variable (128 KiB)');
  if (bytes.includes(0)) return refused('EINVAL', 'contains a NUL character, which a variable cannot');
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { ok: true, text: text.replace(/\r?\n$/, '') };
  } catch {
    return refused('EILSEQ', 'is not UTF-8 text');
  }
}

type PendingRead = { answer: Promise<SecretFileResult>; settle: (reading: Promise<SecretFileResult>) => void };

export class SecretFileReader {
  /** By path. */
  readonly #running = new Map<string, { isOverdue: boolean }>();
  /** By path, in the order of the calls, which share the next read. A running read is not shared: its result may be old. */
  readonly #waiting = new Map<string, PendingRead>();
  readonly #timeoutMs: number;
  readonly #readFile: (path: string) => Promise<SecretFileResult>;

  /** @param readFile instead of the disk, for tests */
  constructor(timeoutMs = TIMEOUT_MS, readFile = readSecretFile) {
    this.#timeoutMs = timeoutMs;
    this.#readFile = readFile;
  }

  /** @returns the present content; ETIMEDOUT after the time limit, and at once while two other files do not respond */
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
      ? `cannot be read: its file system has not responded within ${this.#timeoutMs / 1_000} s`
      : `is not read while ${[...this.#running.keys()].join(' and ')} do not respond`;
    return refused('ETIMEDOUT', because);
  }

  #request(path: string): Promise<SecretFileResult> {
    const shared = this.#waiting.get(path);
    if (shared) return shared.answer;
    let settle: PendingRead['settle'] = () => undefined;
    const answer = new Promise<SecretFileResult>((resolve) => {
      settle = resolve;
    });
    this.#waiting.set(path, { answer, settle });
    this.#startWaiting();
    return answer;
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

/** One for the process, as its threads are. */
export const secretFileReader = new SecretFileReader();
