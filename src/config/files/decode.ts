// Bytes -> text. Never replaces a byte silently.
import type { Problem } from '../../core/model.ts';
import { problemOf } from '../problem.ts';
import { SourceFile } from './source-file.ts';

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
  const before = new SourceFile(path, display, bytes.subarray(0, offset).toString('utf8'));
  const { line, column } = before.locate(before.text.length);
  const byte = `0x${bytes[offset]!.toString(16).padStart(2, '0')}`;
  const bom = bytes[0] === 0xef && bytes[1] === 0xbb && line === 1 ? 1 : 0;
  return {
    ...problemOf(display, {
      code: 'not-utf-8',
      message: `the file is not UTF-8: byte ${byte} at offset ${offset.toLocaleString('en')}`,
      hint: 'save it as UTF-8',
    }),
    line,
    column: column - bom,
  };
}

/** The longest prefix that decodes, by bisection; the fatal decoder does not say where it stopped. */
function firstBadByte(bytes: Buffer): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (decodes(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

/** A sequence that is merely cut off at the end is no bad byte yet. */
function decodes(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
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
