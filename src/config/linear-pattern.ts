// Whether a regular expression can be matched in linear time: program output must never be able to stall us. The log
// writer and the probes run these patterns in V8's linear engine (flag `l`).
import { setFlagsFromString } from 'node:v8';

const MAX_LENGTH = 500;

/** @returns null when it is fine; otherwise what is wrong with it. */
export function linearPattern(pattern: string): { because: string; hint: string } | null {
  if (pattern.length > MAX_LENGTH) return { because: `it is longer than ${MAX_LENGTH} characters`, hint: 'shorten it' };
  try {
    new RegExp(pattern);
  } catch (error) {
    const because = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : String(error);
    return { because, hint: 'it is a regular expression of JavaScript' };
  }
  try {
    // The same engine as runtime/linear-regexp.ts, which this must not import.
    setFlagsFromString('--enable-experimental-regexp-engine');
    new RegExp(pattern, 'l');
    return null;
  } catch {
    const because = 'it could take very long on some text';
    return { because, hint: 'do without look-around, back references and counts such as {2,300}' };
  }
}
