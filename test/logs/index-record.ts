// A record of the index of a raw file, as the log writer writes it.
import { encodeRecord, type IndexRecord, RECORD_BYTES } from '../../src/logs/raw-index.ts';

export function indexRecord(record: IndexRecord): Buffer {
  const bytes = Buffer.alloc(RECORD_BYTES);
  encodeRecord(new DataView(bytes.buffer, bytes.byteOffset), 0, record);
  return bytes;
}
