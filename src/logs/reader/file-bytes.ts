// Bytes of a queue file in blocks that end with a newline, plain or gzipped, and where lines begin and end. Parses nothing.
import { createReadStream, fstatSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import { constants, createGunzip } from 'node:zlib';
import type { Decoding } from './log-line.ts';

export const BLOCK_BYTES = 256 * 1024;
export const NEWLINE = 0x0a;
/** How much of a file one `readFrom` reads. */
export const READ_ON_BYTES = 1024 * 1024;

/** An open file of a queue. */
export type SegmentFile = {
  path: string;
  closedMs: number | null;
  fd: number;
  gzip: boolean;
  inode: number;
  decoding: Decoding;
};

/**
 * Whole lines only; an incomplete last line of a live file is left out. A block is valid until the next one.
 *
 * @param end where to stop, at the end of a line. Ignored for gzipped files.
 */
export async function* wholeLines(file: SegmentFile, from: number, end: number): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let damage = '';
  const onDamage = (mark: string) => {
    damage = mark;
  };
  for await (const block of file.gzip ? gunzipped(file, onDamage) : plainBlocks(file, from, end)) {
    const bytes: Buffer = rest.length > 0 ? Buffer.concat([rest, block]) : block;
    const whole = bytes.lastIndexOf(NEWLINE) + 1;
    if (whole > 0) yield bytes.subarray(0, whole);
    rest = Buffer.from(bytes.subarray(whole));
  }
  if (rest.length > 0 && file.closedMs !== null) yield Buffer.concat([rest, Buffer.from('\n')]);
  if (damage !== '') yield Buffer.from(damage);
}

/** Stops at the size that the file has when its end is reached. */
async function* plainBlocks(file: SegmentFile, from: number, end: number): AsyncGenerator<Buffer> {
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  for (let at = from; at < end; ) {
    const length = readSync(file.fd, block, 0, Math.min(BLOCK_BYTES, end - at), at);
    if (length === 0) return;
    at += length;
    yield block.subarray(0, length);
    await nextTick();
  }
}

/**
 * A damaged file, after a power cut for example, gives the bytes that are still readable.
 *
 * @param onDamage called at the end with a line that reports the damage
 */
export async function* gunzipped(file: SegmentFile, onDamage: (mark: string) => void): AsyncGenerator<Buffer> {
  const compressed = createReadStream(file.path, { fd: file.fd, autoClose: false, start: 0 });
  const gunzip = createGunzip({ chunkSize: BLOCK_BYTES, finishFlush: constants.Z_SYNC_FLUSH });
  compressed.on('error', (error) => gunzip.destroy(error));
  let bytes = 0;
  try {
    for await (const block of compressed.pipe(gunzip)) {
      bytes += block.length;
      yield block;
    }
  } catch (error) {
    return onDamage(damageMark(file, (error as Error).message));
  }
  if (bytes % 2 ** 32 !== declaredSize(file)) onDamage(damageMark(file, 'unexpected end of file'));
}

function damageMark(file: SegmentFile, reason: string): string {
  return `… the rest of ${basename(file.path)} cannot be read: ${reason}\n`;
}

/** RFC 1952: the last four bytes are the size of the input, modulo 2^32. */
function declaredSize(file: SegmentFile): number {
  const size = Buffer.alloc(4);
  readSync(file.fd, size, 0, 4, Math.max(0, sizeOf(file) - 4));
  return size.readUInt32LE();
}

export function sizeOf(file: SegmentFile): number {
  return fstatSync(file.fd).size;
}

/** The first whole line at or after `at`, and its offset; null: none follows. */
export function lineAfter(file: SegmentFile, at: number, sizeBytes: number): { begin: number; text: string } | null {
  const begin = at === 0 ? 0 : newlineAfter(file, at - 1, sizeBytes) + 1;
  if (begin <= 0 && at > 0) return null;
  const end = newlineAfter(file, begin, sizeBytes);
  if (end < 0) return null;
  const bytes = Buffer.alloc(Math.min(end - begin, 512));
  readSync(file.fd, bytes, 0, bytes.length, begin);
  return { begin, text: bytes.toString('latin1') };
}

/** @returns -1: there is none */
function newlineAfter(file: SegmentFile, from: number, sizeBytes: number): number {
  const block = Buffer.allocUnsafe(4096);
  for (let at = from; at < sizeBytes; at += block.length) {
    const length = readSync(file.fd, block, 0, block.length, at);
    const found = block.subarray(0, length).indexOf(NEWLINE);
    if (found >= 0) return at + found;
    if (length === 0) return -1;
  }
  return -1;
}

/** @returns -1: there is none */
export function newlineBefore(file: SegmentFile, end: number): number {
  const block = Buffer.allocUnsafe(64 * 1024);
  for (let to = end; to > 0; to -= block.length) {
    const from = Math.max(0, to - block.length);
    readSync(file.fd, block, 0, to - from, from);
    const found = block.subarray(0, to - from).lastIndexOf(NEWLINE);
    if (found >= 0) return from + found;
  }
  return -1;
}
