// OSC 52: a program asks its terminal to put a text into the clipboard of the machine that the user sits at. The terminal does
// not answer. https://invisible-island.net/xterm/ctlseqs/ctlseqs.html (Operating System Commands, Ps = 52)

/** Terminals drop a longer sequence, or keep its start only: 100,000 bytes in hterm, which is about the least. */
const MAX_SEQUENCE_BYTES = 100_000;
const START = '\x1b]52;c;';
const END = '\x07';
/** Base64 makes four bytes out of three. */
export const MAX_COPIED_BYTES = Math.floor((MAX_SEQUENCE_BYTES - START.length - END.length) / 4) * 3;

export const isTooLong = (text: string): boolean => Buffer.byteLength(text) > MAX_COPIED_BYTES;

/** Nothing of the text reaches the terminal but in base64. @param text not too long */
export function clipboardSequence(text: string, environment: NodeJS.ProcessEnv): string {
  const sequence = `${START}${Buffer.from(text).toString('base64')}${END}`;
  return environment.STY ? throughScreen(sequence) : sequence;
}

/** GNU Screen buffers at most 768 bytes of a string (MAXSTR). */
const SCREEN_CHUNK = 500;

/** GNU Screen passes on what stands in a device control string. The terminal puts the parts together again. */
function throughScreen(sequence: string): string {
  const parts = sequence.match(new RegExp(`[^]{1,${SCREEN_CHUNK}}`, 'g')) ?? [];
  return parts.map((part) => `\x1bP${part}\x1b\\`).join('');
}
