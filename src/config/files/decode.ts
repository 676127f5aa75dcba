// Bytes -> text. Never replaces a byte silently.
import type { Problem } from '../../core/model.ts';
import { problemAt, problemOf } from '../problem.ts';
import { SourceFile, spanAt } from './source-file.ts';

/** @returns the file without its byte order mark, or one Problem that names the first bad byte. */
export function decode(path: string, display: string, bytes: Buffer): SourceFile | Problem {
  const wide = utf16Name(bytes);
  if (wide) {
    return problemOf(display, {
      code: 'not-utf-8',
      message: `the file is ${wide}, not UTF-8`,
      hint: 'save it as UTF-8',
    });
  }
  try {
    return new SourceFile(path, display, new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return notUtf8(path, display, bytes); // the only reason for the decoder to throw is a bad byte
  }
}

function notUtf8(path: string, display: string, bytes: Buffer): Problem {
  const offset = firstBadByte(bytes);
  const before = bytes
    .subarray(0, offset)
    .toString('utf8')
    .replace(/^\ufeff/, '');
  const around = new SourceFile(path, display, before + bytes.subarray(offset, offset + 200).toString('utf8'));
  const byte = `0x${bytes[offset]!.toString(16).padStart(2, '0')}`;
  return problemAt(spanAt(around, before.length, before.length + 1), {
    code: 'not-utf-8',
    message: `the file is not UTF-8: byte ${byte} at offset ${offset.toLocaleString('en')}`,
    hint: 'save it as UTF-8',
  });
}

/** Where the first sequence begins that is none. The fatal decoder does not say it: by bisection, then a few steps back. */
function firstBadByte(bytes: Buffer): number {
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (decodes(bytes.subarray(0, middle), true)) good = middle;
    else bad = middle;
  }
  while (good > 0 && !decodes(bytes.subarray(0, good), false)) good--;
  return good;
}

/** @param isCut may the last sequence be incomplete? */
function decodes(bytes: Buffer, isCut: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isCut });
    return true;
  } catch {
    return false; // that is the answer
  }
}

function utf16Name(bytes: Buffer): string | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'UTF-16 (little endian)';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'UTF-16 (big endian)';
  return null;
}
