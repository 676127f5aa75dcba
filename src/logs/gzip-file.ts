// Compresses one rotated file. Killed at any point, either the plain file is still there or the compressed one is complete.
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { rename, unlink } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

const LEVEL = 4;

export async function gzipFile(path: string): Promise<void> {
  if (existsSync(`${path}.gz`)) return unlink(path); // complete: killed right before this step
  const partial = `${path}.gz.tmp`;
  await pipeline(
    createReadStream(path, { highWaterMark: 256 * 1024 }),
    createGzip({ level: LEVEL }),
    createWriteStream(partial, { mode: 0o600 }),
  );
  await rename(partial, `${path}.gz`);
  await unlink(path);
}
