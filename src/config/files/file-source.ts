// Where configuration files are read from: the disk here, a commit in git-source.ts. Reading never hangs, and never takes an
// unreadable file for an empty one.
import { constants } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

export const MAX_FILE_BYTES = 1024 * 1024;

export type FileContent =
  | { kind: 'bytes'; bytes: Buffer }
  | { kind: 'missing' }
  /** `code`: stable, for Problem.code; `message`: why it is not read, e.g. `is a directory`. */
  | { kind: 'refused'; code: 'not-a-file' | 'too-large' | 'unreadable'; message: string; hint: string | null };

export type FileSource = {
  /** @param path absolute */
  read(path: string): Promise<FileContent>;
  /** Names in a directory, those of directories with a `/` at the end; empty when it cannot be read. */
  list(directory: string): Promise<string[]>;
  /** The directory with symlinks resolved; itself when that cannot be done. */
  resolve(directory: string): Promise<string>;
  /** Where files are that no commit has. */
  untracked?: FileSource;
};

export const diskSource: FileSource = {
  read: readRegularFile,
  list: listDirectory,
  resolve: (directory) => realpath(directory).catch(() => directory),
};

async function listDirectory(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []); // as empty
  return Promise.all(
    entries.map(async (entry) => {
      const isLinked = entry.isSymbolicLink() && (await isDirectory(join(directory, entry.name)));
      return entry.isDirectory() || isLinked ? `${entry.name}/` : entry.name;
    }),
  );
}

/** Symbolic links are followed. */
export const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false, // missing or unreadable: reading it reports that
  );

/**
 * Opened without blocking, so that a FIFO without a writer answers at once, then checked by descriptor, so that the checked
 * file is the one that is read. Reads one byte more than is allowed: the size of growing files and of /proc is not reliable.
 */
async function readRegularFile(path: string): Promise<FileContent> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    return readRefusal(error as NodeJS.ErrnoException);
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile()) {
      return { kind: 'refused', code: 'not-a-file', message: `is ${fileKindOf(stat)}, not a file`, hint: null };
    }
    const buffer = Buffer.allocUnsafe(Math.min(stat.size, MAX_FILE_BYTES) + 1);
    const chunks: Buffer[] = [];
    let total = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return { kind: 'bytes', bytes: Buffer.concat(chunks) };
      total += bytesRead;
      if (total > MAX_FILE_BYTES) return tooLarge(Math.max(stat.size, total));
      chunks.push(Buffer.from(buffer.subarray(0, bytesRead)));
    }
  } catch (error) {
    return readRefusal(error as NodeJS.ErrnoException);
  } finally {
    await file.close();
  }
}

export function tooLarge(bytes: number): FileContent {
  const message = `has ${bytes.toLocaleString('en')} bytes; at most 1 MiB is read`;
  const hint = 'is this the right file? `include` splits a configuration into several';
  return { kind: 'refused', code: 'too-large', message, hint };
}

export const SYMLINK_LOOP: FileContent = {
  kind: 'refused',
  code: 'unreadable',
  message: 'cannot be read: its symlinks form a loop',
  hint: null,
};

function readRefusal(error: NodeJS.ErrnoException): FileContent {
  if (error.code === 'ENOENT') return { kind: 'missing' };
  const reason = READ_ERRORS[error.code ?? ''] ?? `cannot be read (${error.code ?? error.message})`;
  const hint = error.code === 'EACCES' || error.code === 'EPERM' ? 'give the user of orch permission to read it' : null;
  return { kind: 'refused', code: 'unreadable', message: reason, hint };
}

const READ_ERRORS: Record<string, string> = {
  EACCES: 'cannot be read: permission denied',
  EPERM: 'cannot be read: permission denied',
  ELOOP: 'cannot be read: its symlinks form a loop',
  ENOTDIR: 'cannot be read: a part of its path is a file, not a directory',
  ENXIO: 'is a socket or device, not a file',
  EIO: 'cannot be read: the disk reports an error (EIO)',
  ENAMETOOLONG: 'cannot be read: its path is too long',
  EISDIR: 'is a directory, not a file',
};

function fileKindOf(stat: { isDirectory(): boolean; isFIFO(): boolean; isSocket(): boolean }): string {
  if (stat.isDirectory()) return 'a directory';
  if (stat.isFIFO()) return 'a named pipe (FIFO)';
  return stat.isSocket() ? 'a socket' : 'a device';
}
