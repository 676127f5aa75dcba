// Splits a line that is longer than allowed into pieces, never within a character. Rare: bytes are copied piece by piece.
import { NEWLINE } from '../line-format.ts';
import type { FifoSource } from './fifo-source.ts';
import { MAX_LINE_BYTES } from './framer.ts';

/** The end of each piece of a line that is too long, except the last piece. */
export const SPLIT_END = Buffer.from(' … (line goes on)\n');
export const LINE_END = Buffer.from('\n');

/**
 * Appends a chunk, which came at `timeMs`, to the incomplete line of the source.
 * @param complete frames and removes that line, with this end: a piece is full, or its newline came
 */
export function acceptLongLine(
  source: FifoSource,
  chunk: Buffer,
  timeMs: number,
  complete: (end: Buffer) => void,
): void {
  for (let from = 0; from < chunk.length; ) {
    const newline = chunk.indexOf(NEWLINE, from);
    const end = newline < 0 ? chunk.length : newline;
    const to = Math.min(end, from + MAX_LINE_BYTES - source.partialBytes);
    if (to > from) source.appendPartial(chunk, from, to, timeMs);
    from = to;
    if (from < end) splitBefore(chunk[from]!, source, timeMs, complete);
    else if (newline >= 0) {
      complete(LINE_END);
      from = newline + 1;
    }
  }
}

/** The start of a character whose rest follows begins the next piece. */
function splitBefore(next: number, source: FifoSource, timeMs: number, complete: (end: Buffer) => void): void {
  const bytes = isContinuation(next) ? startOfCharacter(source.partial, source.partialBytes) : 0;
  const start = Buffer.from(source.partial.subarray(source.partialBytes - bytes, source.partialBytes));
  source.partialBytes -= bytes;
  complete(SPLIT_END);
  if (bytes > 0) source.appendPartial(start, 0, bytes, timeMs);
}

const isContinuation = (byte: number) => (byte & 0xc0) === 0x80;

/** How many of the last bytes before `end` begin a UTF-8 character that needs more bytes; 0: none. */
function startOfCharacter(bytes: Buffer, end: number): number {
  for (let count = 1; count <= 3 && count < end; count += 1) {
    const byte = bytes[end - count]!;
    if (isContinuation(byte)) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > count ? count : 0;
  }
  return 0;
}
