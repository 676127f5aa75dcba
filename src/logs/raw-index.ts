// The index of a raw file, `<file>.idx`: which instance wrote which bytes, and when. Records of 32 bytes, little endian, so
// that a time is found by bisection. An origin record names an instance; a batch record refers to it by its record number.
//
//   batch   u8 1 | u8 'o'/'e' | u16 flags | u32 origin | f64 timeMs | f64 offset | u32 length | u32 lines
//   gap     u8 4 | the same, length 0, lines = how many were dropped there
//   origin  u8 2 | u8 bytes of the name | 30 bytes of it, the rest in `more` records: u8 3 | 31 bytes
import type { StreamCode } from './line-format.ts';

export const RECORD_BYTES = 32;
export const BATCH = 1;
export const ORIGIN = 2;
export const MORE = 3;
export const GAP = 4;
/** Flag: the last line of the batch continues in the next batch of the stream. */
export const SPLIT = 1;

const FIRST_NAME_BYTES = 30;
const MORE_NAME_BYTES = 31;

export type IndexRecord = {
  kind: typeof BATCH | typeof GAP;
  stream: StreamCode;
  split: boolean;
  /** Record number of the origin. */
  origin: number;
  timeMs: number;
  offset: number;
  length: number;
  lines: number;
};

/** Writes RECORD_BYTES at `at`. Uses a DataView, which V8 optimises best: a flood calls this for each piece. */
export function encodeRecord(view: DataView, at: number, record: IndexRecord): void {
  view.setUint8(at, record.kind);
  view.setUint8(at + 1, record.stream.charCodeAt(0));
  view.setUint16(at + 2, record.split ? SPLIT : 0, true);
  view.setUint32(at + 4, record.origin, true);
  view.setFloat64(at + 8, record.timeMs, true);
  view.setFloat64(at + 16, record.offset, true);
  view.setUint32(at + 24, record.length, true);
  view.setUint32(at + 28, record.lines, true);
}

/** @returns null for origin records and damaged records */
export function decodeRecord(bytes: Buffer, at: number): IndexRecord | null {
  const kind = bytes.readUInt8(at);
  if (kind !== BATCH && kind !== GAP) return null;
  return {
    kind,
    stream: bytes.readUInt8(at + 1) === 0x65 ? 'e' : 'o',
    split: (bytes.readUInt16LE(at + 2) & SPLIT) !== 0,
    origin: bytes.readUInt32LE(at + 4),
    timeMs: bytes.readDoubleLE(at + 8),
    offset: bytes.readDoubleLE(at + 16),
    length: bytes.readUInt32LE(at + 24),
    lines: bytes.readUInt32LE(at + 28),
  };
}

/** One or more whole records. */
export function encodeOrigin(instance: string): Buffer {
  const name = Buffer.from(instance);
  const more = Math.max(0, Math.ceil((name.length - FIRST_NAME_BYTES) / MORE_NAME_BYTES));
  const bytes = Buffer.alloc(RECORD_BYTES * (1 + more));
  bytes.writeUInt8(ORIGIN, 0);
  bytes.writeUInt8(name.length, 1);
  name.copy(bytes, 2, 0, FIRST_NAME_BYTES);
  for (let index = 0; index < more; index += 1) {
    const at = RECORD_BYTES * (1 + index);
    bytes.writeUInt8(MORE, at);
    const from = FIRST_NAME_BYTES + index * MORE_NAME_BYTES;
    name.copy(bytes, at + 1, from, from + MORE_NAME_BYTES);
  }
  return bytes;
}

/** The name in the origin record at `at`; null: there is none. */
export function decodeOrigin(bytes: Buffer, at = 0): string | null {
  if (bytes.length < at + RECORD_BYTES || bytes.readUInt8(at) !== ORIGIN) return null;
  const length = bytes.readUInt8(at + 1);
  let name = bytes.toString('utf8', at + 2, at + 2 + Math.min(length, FIRST_NAME_BYTES));
  for (let next = at + RECORD_BYTES; name.length < length; next += RECORD_BYTES) {
    if (bytes.length < next + RECORD_BYTES || bytes.readUInt8(next) !== MORE) return null;
    name += bytes.toString('utf8', next + 1, next + 1 + Math.min(MORE_NAME_BYTES, length - name.length));
  }
  return name;
}

/** Records of the longest name. */
export const MAX_ORIGIN_BYTES = 4 * RECORD_BYTES;
