// What foreign text may do to a terminal: set colours (SGR) in a line, and nothing at all in a name or a message. The states
// are those of a terminal's own parser (ECMA-48, https://vt100.net/emu/dec_ansi_parser), so that no sequence slips through half read.

export const SGR_RESET = '\x1b[0m';

/** Nearly every line: nothing to do. */
const HARMLESS = /^[\x20-\x7e\t]*$/;
const SGR_SEQUENCE = /\x1b\[[\d;:]*m/g;
const SGR_PARAMETERS = /^[\d;:]*$/;
const MAX_SGR_LENGTH = 64;
/** C0 but the tab, DEL, C1: only here does the parser have to look. */
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;
/** Marks that reorder text or break lines without being control characters. */
const REORDERING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** The same and what hides text in columns that are counted: zero-width spaces, invisible operators, BOM, tags. */
const INVISIBLE = /[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;
/** Printable ASCII and Latin (no soft hyphen), dashes and dots, arrows, lines, blocks and the glyphs of our own. */
const ONE_COLUMN = /^[\x20-\x7e\xa1-\xac\xae-\u02ff\u2010-\u2027\u2190-\u2193\u21bb\u2500-\u25fc\u2713\u2717]*$/;
const TAB_WIDTH = 8;

/**
 * A line for a pipe or a terminal that scrolls.
 * @param line without its newline. Of a line that overwrites itself with carriage returns, the last pass is kept.
 * @param keepColours false: SGR goes as well
 * @returns printable characters, tabs and whole SGR sequences; a line with colours ends with a reset
 */
export function sanitizeLine(line: string, keepColours: boolean): string {
  if (HARMLESS.test(line)) return line;
  const clean = keepSgrOnly(keepLastOverwrite(line)).replace(REORDERING, '');
  if (!clean.includes('\x1b')) return clean;
  return keepColours ? clean + SGR_RESET : stripSgr(clean);
}

/** A line for the full screen, where columns are counted: also without tabs and invisible marks, and without a reset at the end. */
export function sanitizeScreenLine(line: string): string {
  if (isOneColumnEach(line)) return line;
  return expandTabs(keepSgrOnly(keepLastOverwrite(line))).replace(INVISIBLE, '');
}

/** The text without any sequence: for names, reasons, messages. A line break or tab becomes one blank. */
export function stripSequences(text: string): string {
  if (isOneColumnEach(text)) return text;
  return stripSgr(sanitizeScreenLine(text.replace(/[\r\n\t]+/g, ' ')));
}

export function stripSgr(text: string): string {
  return text.includes('\x1b') ? text.replace(SGR_SEQUENCE, '') : text;
}

/** Shows control characters instead of dropping them: `\x1b`. For what a user may have to find in a file. */
export function escapeControls(text: string): string {
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}

/** True for nearly all text: it needs no cleaning, and it is as wide as it has characters. */
export function isOneColumnEach(text: string): boolean {
  return ONE_COLUMN.test(text);
}

function keepLastOverwrite(line: string): string {
  if (!line.includes('\r')) return line;
  return line.split('\r').findLast((pass) => pass !== '') ?? '';
}

/** Columns are counted in characters: good enough for indentation. */
function expandTabs(text: string): string {
  if (!text.includes('\t')) return text;
  let column = 0;
  let expanded = '';
  for (const part of text.split(/(\x1b\[[\d;:]*m|\t)/)) {
    const shown = part === '\t' ? ' '.repeat(TAB_WIDTH - (column % TAB_WIDTH)) : part;
    expanded += shown;
    if (!part.startsWith('\x1b')) column += shown.length;
  }
  return expanded;
}

type ParserState = 'ground' | 'escape' | 'csi' | 'string';

/** Copies the text between control characters as a whole; the parser runs only from one of them until the sequence ends. */
function keepSgrOnly(text: string): string {
  let kept = '';
  let from = 0;
  for (;;) {
    CONTROL.lastIndex = from;
    if (!CONTROL.test(text)) return from === 0 ? text : kept + text.slice(from);
    const control = CONTROL.lastIndex - 1;
    const sequence = readSequence(text, control);
    kept += text.slice(from, control) + sequence.kept;
    from = sequence.end;
  }
}

/** Reads one control character, or the whole sequence that it starts. `kept`: what may be shown of it. */
function readSequence(text: string, start: number): { kept: string; end: number } {
  let state: ParserState = 'ground';
  let parameters = '';
  let at = start;
  do {
    const code = text.codePointAt(at)!;
    const character = String.fromCodePoint(code);
    at += character.length;
    const next = transition(state, code);
    if (state === 'csi' && next === 'ground') return { kept: endOfCsi(code, character, parameters), end: at };
    if (next === 'csi') parameters = state === 'csi' ? parameters + character : '';
    if (next !== 'dropped') state = next;
  } while (state !== 'ground' && at < text.length);
  return { kept: '', end: at };
}

/** `dropped`: the state stays, the character goes. */
function transition(state: ParserState, code: number): ParserState | 'dropped' {
  const anywhere = introducer(code);
  if (anywhere !== null) return state === 'ground' && anywhere === 'ground' ? 'dropped' : anywhere;
  switch (state) {
    case 'ground':
    case 'string':
      return 'dropped';
    case 'escape':
      return afterEscape(code);
    case 'csi':
      return code < 0x20 || code === 0x7f ? 'dropped' : code < 0x40 ? 'csi' : 'ground';
  }
}

/** Characters that mean the same in every state: ESC, the 8-bit introducers, and what ends any sequence. */
function introducer(code: number): ParserState | null {
  if (code === 0x1b) return 'escape';
  if (code === 0x9b) return 'csi';
  if (code === 0x90 || code === 0x98 || (code >= 0x9d && code <= 0x9f)) return 'string';
  return code === 0x18 || code === 0x1a || code === 0x9c || code === 0x07 ? 'ground' : null;
}

function afterEscape(code: number): ParserState | 'dropped' {
  if (code === 0x5b) return 'csi';
  if (code === 0x5d || code === 0x50 || code === 0x58 || code === 0x5e || code === 0x5f) return 'string';
  return code < 0x30 ? 'dropped' : 'ground';
}

function endOfCsi(code: number, character: string, parameters: string): string {
  if (character === 'm' && parameters.length <= MAX_SGR_LENGTH && SGR_PARAMETERS.test(parameters)) {
    return `\x1b[${parameters}m`;
  }
  return code >= 0xa0 ? character : '';
}
