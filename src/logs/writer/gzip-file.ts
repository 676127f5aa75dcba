// Compresses one rotated file. If killed at any point, even while another process compresses the same file, the plain file
// still exists or the compressed one is complete.
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, openSync, renameSync, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { removeUnfinishedGzips } from '../rotation.ts';

const LEVEL = 4;

/** Does nothing if the file is gone. Rejects with errno errors, for example ENOENT when another process took over; the plain file
 * then stays. */
export async function gzipFile(path: string): Promise<void> {
  removeUnfinishedGzips(path);
  if (!existsSync(path)) return; // pruned before its turn came
  if (!existsSync(`${path}.gz`)) await compress(path, `${path}.gz`);
  rmSync(path, { force: true });
}

/** Writes under a unique name first: the compressor of a killed writer may still compress the same file. */
async function compress(path: string, target: string): Promise<void> {
  const partial = `${target}.${randomBytes(4).toString('hex')}.tmp`;
  const fd = openSync(partial, 'wx', 0o600); // here, so that an abandoned stream cannot create it later
  try {
    await pipeline(
      createReadStream(path, { highWaterMark: 256 * 1024 }),
      createGzip({ level: LEVEL }),
      createWriteStream(partial, { fd }),
    );
    renameSync(partial, target); // until the plain file is deleted, right after this, both exist
  } catch (error) {
    rmSync(partial, { force: true }); // it may be what fills the disk
    throw error;
  }
}
