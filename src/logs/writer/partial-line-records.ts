// Remembers across a crash of the writer in which FIFOs it was within a line: the next writer skips the rest of that line.
// One record for each FIFO in a small file, written when it changes.
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';

/** The inode in eight bytes, then 1 while a line is incomplete. */
const RECORD_BYTES = 9;

/** Not truncated: the records must survive a writer that is killed while it starts. */
const OPEN_FLAGS = constants.O_RDWR | constants.O_CREAT;

export class PartialLineRecords {
  /** FIFOs that the previous writer left within a line, until `takeLeft` asks for them. */
  readonly #left = new Set<bigint>();
  readonly #places = new Map<number, number>();
  readonly #freePlaces: number[] = [];
  readonly #fd: number;

  constructor(path: string) {
    this.#fd = openSync(path, OPEN_FLAGS, 0o600);
    readRecords(this.#fd).forEach(({ inode, isMidLine }, place) => {
      if (!isMidLine) this.#freePlaces.push(place);
      else {
        this.#left.add(inode);
        this.#places.set(Number(inode), place);
      }
    });
  }

  /** Did the previous writer die within a line of this FIFO? True once. */
  takeLeft(inode: number): boolean {
    return this.#left.delete(BigInt(inode));
  }

  set(inode: number, isMidLine: boolean): void {
    let place = this.#places.get(inode);
    if (place === undefined) {
      if (!isMidLine) return;
      place = this.#freePlaces.pop() ?? this.#places.size; // none is free: append one
      this.#places.set(inode, place);
    }
    const record = Buffer.alloc(RECORD_BYTES);
    record.writeBigUInt64LE(BigInt(inode), 0);
    record.writeUInt8(isMidLine ? 1 : 0, 8);
    try {
      writeSync(this.#fd, record, 0, RECORD_BYTES, place * RECORD_BYTES);
    } catch {
      // Disk full: at worst half a line is stored as a whole line after the next crash.
    }
  }

  forget(inode: number): void {
    const place = this.#places.get(inode);
    if (place === undefined) return;
    this.set(inode, false);
    this.#places.delete(inode);
    this.#freePlaces.push(place);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function readRecords(fd: number): { inode: bigint; isMidLine: boolean }[] {
  const bytes = readFileSync(fd);
  return Array.from({ length: Math.floor(bytes.length / RECORD_BYTES) }, (_, place) => ({
    inode: bytes.readBigUInt64LE(place * RECORD_BYTES),
    isMidLine: bytes[place * RECORD_BYTES + 8] === 1,
  }));
}
