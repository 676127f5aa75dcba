// Writes the index of a raw file: which instance wrote which bytes, and when. Completes an index that a killed writer left
// behind its file.
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { type Origin, UNKNOWN_ORIGIN } from '../line-format.ts';
import { BATCH, decodeRecord, encodeOrigin, encodeRecord, GAP, type IndexRecord, RECORD_BYTES } from '../raw-index.ts';
import { indexPath } from '../rotation.ts';

/** A range of bytes of a raw file, for its index. */
export type IndexPiece = { origin: Origin; timeMs: number; length: number; lines: number; isGap: boolean };

/** More are pending only while the disk does not take them. */
const FIRST_PENDING_BYTES = 8 * RECORD_BYTES;

export class RawIndexWriter {
  readonly #fd: number;
  readonly #origins = new Map<string, number>();
  #records = 0;
  #coveredBytes = 0;
  /** Records that are not written yet. */
  #pending = Buffer.allocUnsafeSlow(FIRST_PENDING_BYTES);
  #view = new DataView(this.#pending.buffer);
  #pendingBytes = 0;
  /** Not encoded yet: pieces of one origin and time become one record. */
  #last: IndexRecord | null = null;

  /**
   * Throws errno errors; nothing is then left open.
   * @param fileBytes the present size of the raw file
   * @param isReplaced the indexed bytes were replaced by others: all records are dropped
   */
  constructor(rawPath: string, fileBytes: number, nowMs: number, isReplaced = false) {
    this.#fd = openSync(indexPath(rawPath), 'a+', 0o600);
    try {
      this.#keepRecordsOf(isReplaced ? 0 : fileBytes);
      const length = fileBytes - this.#coveredBytes;
      if (length > 0) this.add({ origin: UNKNOWN_ORIGIN, timeMs: nowMs, length, lines: 0, isGap: false });
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** Keeps the records of the first `fileBytes`; other records describe bytes that are gone. */
  #keepRecordsOf(fileBytes: number): void {
    const { size } = fstatSync(this.#fd);
    this.#records = fileBytes === 0 ? 0 : Math.floor(size / RECORD_BYTES);
    this.#coveredBytes = this.#dropBeyond(fileBytes);
    if (size !== this.#records * RECORD_BYTES) ftruncateSync(this.#fd, this.#records * RECORD_BYTES);
  }

  add(piece: IndexPiece): void {
    const origin = this.#originRecord(piece.origin.instance);
    const { timeMs, length, lines } = piece;
    const { stream } = piece.origin;
    const last = this.#last;
    const isSame = last?.origin === origin && last.stream === stream && last.timeMs === timeMs;
    if (isSame && last.kind === BATCH && !piece.isGap) {
      last.length += length;
      last.lines += lines;
    } else {
      this.#encodeLast();
      const kind = piece.isGap ? GAP : BATCH;
      this.#last = { kind, stream, split: false, origin, timeMs, offset: this.#coveredBytes, length, lines };
    }
    this.#coveredBytes += length;
  }

  flush(): void {
    this.#encodeLast();
    while (this.#pendingBytes > 0) {
      const written = writeSync(this.#fd, this.#pending, 0, this.#pendingBytes);
      if (written < this.#pendingBytes) this.#pending.copyWithin(0, written, this.#pendingBytes); // the next write reports why
      this.#pendingBytes -= written;
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #encodeLast(): void {
    if (this.#last === null) return;
    const at = this.#reserve(RECORD_BYTES);
    encodeRecord(this.#view, at, this.#last);
    this.#last = null;
  }

  #originRecord(instance: string): number {
    const known = this.#origins.get(instance);
    if (known !== undefined) return known;
    this.#encodeLast();
    const bytes = encodeOrigin(instance);
    const number = this.#records;
    this.#origins.set(instance, number);
    const at = this.#reserve(bytes.length);
    bytes.copy(this.#pending, at);
    return number;
  }

  /** Makes room for `bytes` of records. @returns the place in `pending`, which may be reallocated */
  #reserve(bytes: number): number {
    const at = this.#pendingBytes;
    this.#pendingBytes += bytes;
    this.#records += bytes / RECORD_BYTES;
    if (this.#pendingBytes > this.#pending.length) this.#grow();
    return at;
  }

  #grow(): void {
    const larger = Buffer.allocUnsafeSlow(2 * this.#pendingBytes);
    this.#pending.copy(larger);
    this.#pending = larger;
    this.#view = new DataView(larger.buffer);
  }

  /** @returns how many bytes the kept records cover */
  #dropBeyond(fileBytes: number): number {
    const bytes = Buffer.alloc(RECORD_BYTES);
    for (let number = this.#records - 1; number >= 0; number -= 1) {
      readSync(this.#fd, bytes, 0, RECORD_BYTES, number * RECORD_BYTES);
      const record = decodeRecord(bytes, 0);
      if (record === null) continue;
      if (record.offset + record.length <= fileBytes) return record.offset + record.length;
      this.#records = number;
    }
    return 0;
  }
}

/** The pieces of a batch in order, for the index of a raw queue. */
export class PieceList {
  #pieces: IndexPiece[] = [];

  /** Bytes of the same origin and time join the last piece. */
  add(origin: Origin, timeMs: number, length: number, lines: number): void {
    const last = this.#pieces.at(-1);
    if (last?.origin === origin && last.timeMs === timeMs) {
      last.length += length;
      last.lines += lines;
    } else this.#pieces.push({ origin, timeMs, length, lines, isGap: false });
  }

  /** Removes and returns all pieces. */
  take(): IndexPiece[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }
}
