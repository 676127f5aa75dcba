// Compresses one rotated file. Killed at any point, either the plain file is still there or the compressed one is complete.
import { createReadStream, createWriteStream, existsSync, renameSync, unlinkSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

const LEVEL = 4;

export async function gzipFile(path: string): Promise<void> {
  if (existsSync(`${path}.gz`)) return unlinkSync(path); // complete: killed right before this step
  const partial = `${path}.gz.tmp`;
  await pipeline(
    createReadStream(path, { highWaterMark: 256 * 1024 }),
    createGzip({ level: LEVEL }),
    createWriteStream(partial, { mode: 0o600 }),
  );
  // One right after the other: who looks in between finds the lines twice.
  renameSync(partial, `${path}.gz`);
  unlinkSync(path);
}
