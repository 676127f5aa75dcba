// Regular expressions that take linear time on any text: V8's linear engine, behind its flag.
import { changeFlag } from './flags.ts';

/** Throws where the pattern needs more than linear time (look-around, back references, large counts). */
export function linearRegExp(pattern: string): RegExp {
  changeFlag({
    own: '--enable-experimental-regexp-engine',
    usual: '--no-enable-experimental-regexp-engine',
  });
  return new RegExp(pattern, 'l');
}
