// Compresses one rotated file. Killed at any point, also beside another one at the same file, either the plain file is still
// there or the compressed one is complete.
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, openSync, renameSync, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { removePartials } from '../rotation.ts';

const LEVEL = 4;

/** Does nothing where the file is gone. Rejects with errno errors, among them ENOENT where another one took over; then the plain
 * file stays. */
export async function gzipFile(path: string): Promise<void> {
  removePartials(path);
  if (!existsSync(path)) return; // pruned before its turn came
  if (!existsSync(`${path}.gz`)) await compress(path, `${path}.gz`);
  rmSync(path, { force: true });
}

/** Under a name of its own first: a killed writer's compressor lives on, and may be writing the same. */
async function compress(path: string, target: string): Promise<void> {
  const partial = `${target}.${randomBytes(4).toString('hex')}.tmp`;
  const fd = openSync(partial, 'wx', 0o600); // here, so that a stream that is given up cannot create it later
  try {
    await pipeline(
      createReadStream(path, { highWaterMark: 256 * 1024 }),
      createGzip({ level: LEVEL }),
      createWriteStream(partial, { fd }),
    );
    renameSync(partial, target); // until the plain file goes, right after this, who looks finds the lines twice
  } catch (error) {
    rmSync(partial, { force: true }); // it may be what fills the disk
    throw error;
  }
}
