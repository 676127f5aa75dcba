// Remembers, beyond the death of the writer, which FIFOs it had read half a line of: the other half is what a new writer
// finds first, and no line. One byte for each FIFO in a small file, written when it changes.
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';

/** Inode as eight bytes, then 1 while half a line is held. */
const RECORD_BYTES = 9;

/** The records stay where they are: a writer that is killed while it starts must not take them along. */
const OPEN_AS_IT_IS = constants.O_RDWR | constants.O_CREAT;

export class PartialLines {
  /** What the writer before left behind, until it was asked for. */
  readonly #left = new Set<bigint>();
  readonly #slots = new Map<number, number>();
  readonly #freeSlots: number[] = [];
  readonly #fd: number;

  constructor(path: string) {
    this.#fd = openSync(path, OPEN_AS_IT_IS, 0o600);
    readRecords(this.#fd).forEach(({ inode, isMidLine }, place) => {
      if (!isMidLine) this.#freeSlots.push(place);
      else {
        this.#left.add(inode);
        this.#slots.set(Number(inode), place);
      }
    });
  }

  /** Did the writer before us die with half a line of this FIFO? True once. */
  takeLeft(inode: number): boolean {
    return this.#left.delete(BigInt(inode));
  }

  set(inode: number, isMidLine: boolean): void {
    let place = this.#slots.get(inode);
    if (place === undefined) {
      if (!isMidLine) return;
      place = this.#freeSlots.pop() ?? this.#slots.size; // none free: all of them are taken
      this.#slots.set(inode, place);
    }
    const record = Buffer.alloc(RECORD_BYTES);
    record.writeBigUInt64LE(BigInt(inode), 0);
    record.writeUInt8(isMidLine ? 1 : 0, 8);
    writeQuietly(this.#fd, record, place * RECORD_BYTES);
  }

  forget(inode: number): void {
    const place = this.#slots.get(inode);
    if (place === undefined) return;
    this.set(inode, false);
    this.#slots.delete(inode);
    this.#freeSlots.push(place);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function writeQuietly(fd: number, record: Buffer, at: number): void {
  try {
    writeSync(fd, record, 0, record.length, at);
  } catch {
    // Disk full: at worst half a line is stored as one after the next crash.
  }
}

function readRecords(fd: number): { inode: bigint; isMidLine: boolean }[] {
  const bytes = readFileSync(fd);
  return Array.from({ length: Math.floor(bytes.length / RECORD_BYTES) }, (_, place) => ({
    inode: bytes.readBigUInt64LE(place * RECORD_BYTES),
    isMidLine: bytes[place * RECORD_BYTES + 8] === 1,
  }));
}
