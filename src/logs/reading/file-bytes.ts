// Bytes of a queue file in blocks that end with a newline: forward, plain or gzipped, and where a line begins. No meaning.
import { createReadStream, fstatSync, readSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import type { OpenFile } from './segment.ts';

export const BLOCK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/** Whole lines only; an unfinished last one of a live file is left for later. Blocks are valid until the next one. */
export async function* wholeLines(file: OpenFile, from: number): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const block of file.gzip ? gunzipped(file) : plainBlocks(file, from)) {
    const bytes: Buffer = rest.length > 0 ? Buffer.concat([rest, block]) : block;
    const whole = bytes.lastIndexOf(NEWLINE) + 1;
    if (whole > 0) yield bytes.subarray(0, whole);
    rest = Buffer.from(bytes.subarray(whole));
  }
  if (rest.length > 0 && file.closedMs !== null) yield Buffer.concat([rest, Buffer.from('\n')]);
}

/** Up to the size that the file has when the end is reached. */
async function* plainBlocks(file: OpenFile, from: number): AsyncGenerator<Buffer> {
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  for (let at = from; ; ) {
    const length = readSync(file.fd, block, 0, BLOCK_BYTES, at);
    if (length === 0) return;
    at += length;
    yield block.subarray(0, length);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export function gunzipped(file: OpenFile): AsyncIterable<Buffer> {
  const compressed = createReadStream(file.path, { fd: file.fd, autoClose: false, start: 0 });
  const gunzip = createGunzip({ chunkSize: BLOCK_BYTES });
  compressed.on('error', (error) => gunzip.destroy(error));
  return compressed.pipe(gunzip);
}

export function sizeOf(file: OpenFile): number {
  return fstatSync(file.fd).size;
}

/** The first whole line at or after `at`, with where it begins; null where none follows. */
export function lineAfter(file: OpenFile, at: number, sizeBytes: number): { begin: number; text: string } | null {
  const begin = at === 0 ? 0 : findNewline(file, at - 1, sizeBytes) + 1;
  if (begin <= 0 && at > 0) return null;
  const end = findNewline(file, begin, sizeBytes);
  if (end < 0) return null;
  const bytes = Buffer.alloc(Math.min(end - begin, 512));
  readSync(file.fd, bytes, 0, bytes.length, begin);
  return { begin, text: bytes.toString('latin1') };
}

/** @returns -1 where there is none */
function findNewline(file: OpenFile, from: number, sizeBytes: number): number {
  const block = Buffer.allocUnsafe(4096);
  for (let at = from; at < sizeBytes; at += block.length) {
    const length = readSync(file.fd, block, 0, block.length, at);
    const found = block.subarray(0, length).indexOf(NEWLINE);
    if (found >= 0) return at + found;
    if (length === 0) return -1;
  }
  return -1;
}
