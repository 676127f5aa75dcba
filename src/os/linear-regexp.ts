// Regular expressions that take linear time on any text: V8's linear engine, behind its flag.
import { setFlagsFromString } from 'node:v8';

let isEnabled = false;

/** Throws where the pattern needs more than linear time (look-around, back references, large counts). */
export function linearRegExp(pattern: string): RegExp {
  if (!isEnabled) setFlagsFromString('--enable-experimental-regexp-engine');
  isEnabled = true;
  return new RegExp(pattern, 'l');
}
