// Remembers, beyond the death of the writer, which FIFOs it had read half a line of: the other half is what a new writer
// finds first, and no line. One byte for each FIFO in a small file, written when it changes.
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';

/** Inode as eight bytes, then 1 while half a line is held. */
const RECORD_BYTES = 9;

export class MidLines {
  /** What the writer before left behind, until it was asked for. */
  private readonly left = new Set<bigint>();
  private readonly places = new Map<number, number>();
  private readonly free: number[] = [];
  private readonly fd: number;

  constructor(path: string) {
    for (const inode of readLeft(path)) this.left.add(inode);
    this.fd = openSync(path, 'w+', 0o600);
    ftruncateSync(this.fd, 0);
    for (const inode of this.left) this.set(Number(inode), true); // in case that we die before it is asked for
  }

  /** Did the writer before us die with half a line of this FIFO? True once. */
  wasLeft(inode: number): boolean {
    return this.left.delete(BigInt(inode));
  }

  set(inode: number, isMidLine: boolean): void {
    let place = this.places.get(inode);
    if (place === undefined) {
      if (!isMidLine) return;
      place = this.free.pop() ?? this.places.size;
      this.places.set(inode, place);
    }
    const record = Buffer.alloc(RECORD_BYTES);
    record.writeBigUInt64LE(BigInt(inode), 0);
    record.writeUInt8(isMidLine ? 1 : 0, 8);
    writeQuietly(this.fd, record, place * RECORD_BYTES);
  }

  forget(inode: number): void {
    const place = this.places.get(inode);
    if (place === undefined) return;
    this.set(inode, false);
    this.places.delete(inode);
    this.free.push(place);
  }

  close(): void {
    closeSync(this.fd);
  }
}

function writeQuietly(fd: number, record: Buffer, at: number): void {
  try {
    writeSync(fd, record, 0, record.length, at);
  } catch {
    // Disk full: at worst half a line is stored as one after the next crash.
  }
}

function readLeft(path: string): bigint[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return []; // the first writer
  }
  const inodes: bigint[] = [];
  for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
    if (bytes[at + 8] === 1) inodes.push(bytes.readBigUInt64LE(at));
  }
  return inodes;
}
