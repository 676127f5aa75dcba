// The keyboard, through Ink. A control sequence that Ink 6 cannot name ends the program if its number looks like Ctrl:
// such sequences come by a paste of coloured text, or from a terminal that answers late. They mean no key, and are left out.
import { type Key, useInput, useStdin } from 'ink';
import { useInsertionEffect } from 'react';

const SEQUENCE = /^\x1b+(?:O|N|\[\[?)(\d*)(?:;\d+)*([~^$a-zA-Z])/;
/** Arrows, Home, End, F1 to F4, Tab back; rxvt's with Shift and Ctrl. */
const NAMED_LETTERS = 'ABCDEFHPQRSZabcde';
/** Of `ESC [ number ~`: editing keys, F1 to F12, the brackets of a paste. */
const NAMED_NUMBERS = new Set([1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24, 200, 201]);

export function useKeys(onInput: (input: string, key: Key) => void): void {
  const { isRawModeSupported, internal_eventEmitter: source } = useStdin();
  useInsertionEffect(() => {
    const emit = source.emit;
    source.emit = (name, ...data) => (isUnnamed(data[0]) ? true : emit.call(source, name, ...data));
    return () => {
      source.emit = emit;
    };
  }, [source]);
  useInput(onInput, { isActive: isRawModeSupported });
}

function isUnnamed(input: unknown): boolean {
  const match = typeof input === 'string' ? SEQUENCE.exec(input) : null;
  if (match === null) return false;
  const [, number = '', last = ''] = match;
  return /[a-zA-Z]/.test(last) ? !NAMED_LETTERS.includes(last) : !NAMED_NUMBERS.has(Number(number));
}
