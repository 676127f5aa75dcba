// The index of a raw file as it is written: whose bytes came when. Made whole again where a killed writer left it behind
// the bytes.
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import type { Origin } from '../framing.ts';
import { BATCH, decodeRecord, encodeOrigin, encodeRecord, GAP, type IndexRecord, RECORD_BYTES } from '../raw-index.ts';
import { INDEX_SUFFIX } from '../rotation.ts';
import type { Piece } from './output-file.ts';

/** Bytes that nobody can be named for. */
const NOBODY: Origin = { instance: '', service: '', stream: 'o' };

export class RawIndex {
  private readonly fd: number;
  private readonly origins = new Map<string, number>();
  private records = 0;
  private coveredBytes = 0;
  private pending: Buffer[] = [];
  /** Still growing: pieces of one origin and time are one record. */
  private last: IndexRecord | null = null;

  /**
   * @param fileBytes how much of the raw file is there already
   * @param isAnew what the index has is of bytes that others have taken the place of. Throws errno errors; then nothing is left open
   */
  constructor(rawPath: string, fileBytes: number, nowMs: number, isAnew = false) {
    this.fd = openSync(rawPath + INDEX_SUFFIX, 'a+', 0o600);
    try {
      this.takeUp(isAnew ? 0 : fileBytes);
      this.coverRest(fileBytes, nowMs);
    } catch (error) {
      closeSync(this.fd);
      throw error;
    }
  }

  /** Keeps the records of the first `fileBytes`: what else it has is of bytes that are not there any more. */
  private takeUp(fileBytes: number): void {
    const { size } = fstatSync(this.fd);
    this.records = fileBytes === 0 ? 0 : Math.floor(size / RECORD_BYTES);
    this.coveredBytes = this.dropBeyond(fileBytes);
    if (size !== this.records * RECORD_BYTES) ftruncateSync(this.fd, this.records * RECORD_BYTES);
  }

  private coverRest(fileBytes: number, nowMs: number): void {
    const length = fileBytes - this.coveredBytes;
    if (length > 0) this.add({ origin: NOBODY, timeMs: nowMs, length, lines: 0, isGap: false });
  }

  add(piece: Piece): void {
    const origin = this.originRecord(piece.origin.instance);
    const { timeMs, length, lines } = piece;
    const { last } = this;
    if (last?.kind === BATCH && !piece.isGap && isSameOrigin(last, origin, piece)) {
      last.length += length;
      last.lines += lines;
    } else {
      this.settle();
      const kind = piece.isGap ? GAP : BATCH;
      this.last = {
        kind,
        stream: piece.origin.stream,
        split: false,
        origin,
        timeMs,
        offset: this.coveredBytes,
        length,
        lines,
      };
    }
    this.coveredBytes += length;
  }

  flush(): void {
    this.settle();
    if (this.pending.length === 0) return;
    const bytes = this.pending.length === 1 ? this.pending[0]! : Buffer.concat(this.pending);
    const written = writeSync(this.fd, bytes);
    this.pending = written < bytes.length ? [bytes.subarray(written)] : [];
    if (written < bytes.length) this.flush(); // now the disk says why
  }

  close(): void {
    closeSync(this.fd);
  }

  private settle(): void {
    if (this.last === null) return;
    this.pending.push(encodeRecord(this.last));
    this.records += 1;
    this.last = null;
  }

  private originRecord(instance: string): number {
    const known = this.origins.get(instance);
    if (known !== undefined) return known;
    this.settle();
    const bytes = encodeOrigin(instance);
    this.origins.set(instance, this.records);
    this.pending.push(bytes);
    this.records += bytes.length / RECORD_BYTES;
    return this.origins.get(instance)!;
  }

  /** @returns how many bytes the records that stay cover */
  private dropBeyond(fileBytes: number): number {
    const bytes = Buffer.alloc(RECORD_BYTES);
    for (let number = this.records - 1; number >= 0; number -= 1) {
      readSync(this.fd, bytes, 0, RECORD_BYTES, number * RECORD_BYTES);
      const record = decodeRecord(bytes, 0);
      if (record === null) continue;
      if (record.offset + record.length <= fileBytes) return record.offset + record.length;
      this.records = number;
    }
    return 0;
  }
}

function isSameOrigin(last: IndexRecord, origin: number, piece: Piece): boolean {
  return last.origin === origin && last.stream === piece.origin.stream && last.timeMs === piece.timeMs;
}
