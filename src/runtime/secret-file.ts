// Reads the file of one secret, now. A FIFO or a socket answers at once and what is endless is refused; a file system that
// is gone may never answer, which secret-reads.ts bounds.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { TextDecoder } from 'node:util';

export type SecretFile = { ok: true; text: string } | { ok: false; errno: string; because: string };

/** Linux takes no longer variable (MAX_ARG_STRLEN, execve(2)). */
const MAX_BYTES = 128 * 1024 - 1;

/** @returns the text without the newline at its end; never rejects. */
export async function readSecretFile(path: string): Promise<SecretFile> {
  let file: FileHandle | null = null;
  try {
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    if (!(await file.stat()).isFile()) return refused('EINVAL', 'is not a regular file');
    return textOf(await readAll(file));
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
function textOf(bytes: Buffer): SecretFile {
  if (bytes.length > MAX_BYTES) return refused('E2BIG', 'is larger than a variable may be (128 KiB)');
  if (bytes.includes(0)) return refused('EINVAL', 'holds a NUL character, which no variable can');
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { ok: true, text: text.replace(/\r?\n$/, '') };
  } catch {
    return refused('EILSEQ', 'is not UTF-8 text');
  }
}

export const refused = (errno: string, because: string): SecretFile => ({ ok: false, errno, because });
