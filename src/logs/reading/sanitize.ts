// What a child's line may do to a terminal: set colours (SGR), nothing else. One pass over the characters with the states
// of a terminal's own parser (ECMA-48, https://vt100.net/emu/dec_ansi_parser), so that no sequence slips through half read.

/** Nearly every line: nothing to do. */
const HARMLESS = /^[\x20-\x7e\t]*$/;
const SGR_RESET = '\x1b[0m';
const SGR = /\x1b\[[\d;:]*m/g;
const MAX_SGR_LENGTH = 64;
/** Marks that reorder text or break lines without being control characters. */
const REORDERING = /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

type State = 'ground' | 'escape' | 'csi' | 'string';

/**
 * @param line without its newline. Of a line that overwrites itself with carriage returns, what is seen last is kept.
 * @param keepColours false: SGR goes as well
 * @returns printable characters, tabs and whole SGR sequences; a line with colours ends with a reset
 */
export function sanitizeLine(line: string, keepColours: boolean): string {
  if (HARMLESS.test(line)) return line;
  const clean = withoutSequences(lastOverwrite(line)).replace(REORDERING, '');
  if (!clean.includes('\x1b')) return clean;
  return keepColours ? clean + SGR_RESET : clean.replace(SGR, '');
}

function lastOverwrite(line: string): string {
  if (!line.includes('\r')) return line;
  return line.split('\r').findLast((pass) => pass !== '') ?? '';
}

function withoutSequences(text: string): string {
  let state: State = 'ground';
  let kept = '';
  let parameters = '';
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const next = transition(state, code);
    if (next === 'ground' && state === 'ground') kept += character;
    if (state === 'csi' && next === 'csi') parameters += character;
    if (state === 'csi' && next === 'ground') kept += endOfCsi(code, character, parameters);
    if (next === 'csi' && state !== 'csi') parameters = '';
    state = next === 'dropped' ? state : next;
  }
  return kept;
}

/** `dropped`: the state stays, the character goes. */
function transition(state: State, code: number): State | 'dropped' {
  const anywhere = introducer(code);
  if (anywhere !== null) return state === 'ground' && anywhere === 'ground' ? 'dropped' : anywhere;
  switch (state) {
    case 'ground':
      return (code < 0x20 && code !== 0x09) || (code >= 0x7f && code < 0xa0) ? 'dropped' : 'ground';
    case 'escape':
      return afterEscape(code);
    case 'csi':
      return code < 0x20 || code === 0x7f ? 'dropped' : code < 0x40 ? 'csi' : 'ground';
    case 'string':
      return 'dropped';
  }
}

/** Characters that mean the same in every state: ESC, the 8-bit introducers, and what ends any sequence. */
function introducer(code: number): State | null {
  if (code === 0x1b) return 'escape';
  if (code === 0x9b) return 'csi';
  if (code === 0x90 || code === 0x98 || (code >= 0x9d && code <= 0x9f)) return 'string';
  return code === 0x18 || code === 0x1a || code === 0x9c || code === 0x07 ? 'ground' : null;
}

function afterEscape(code: number): State | 'dropped' {
  if (code === 0x5b) return 'csi';
  if (code === 0x5d || code === 0x50 || code === 0x58 || code === 0x5e || code === 0x5f) return 'string';
  return code < 0x30 ? 'dropped' : 'ground';
}

function endOfCsi(code: number, character: string, parameters: string): string {
  if (character === 'm' && parameters.length <= MAX_SGR_LENGTH && /^[\d;:]*$/.test(parameters)) {
    return `\x1b[${parameters}m`;
  }
  return code >= 0xa0 ? character : '';
}
