// What a child's line may do to a terminal: set colours (SGR), nothing else. One pass over the characters with the states
// of a terminal's own parser (ECMA-48, https://vt100.net/emu/dec_ansi_parser), so that no sequence slips through half read.

/** Nearly every line: nothing to do. */
const HARMLESS = /^[\x20-\x7e\t]*$/;
const SGR_RESET = '\x1b[0m';
const SGR = /\x1b\[[\d;:]*m/g;
const MAX_SGR_LENGTH = 64;
/** Marks that reorder text or break lines without being control characters. */
const REORDERING = /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

type ParserState = 'ground' | 'escape' | 'csi' | 'string';

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
  let state: ParserState = 'ground';
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
function transition(state: ParserState, code: number): ParserState | 'dropped' {
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
  if (character === 'm' && parameters.length <= MAX_SGR_LENGTH && /^[\d;:]*$/.test(parameters)) {
    return `\x1b[${parameters}m`;
  }
  return code >= 0xa0 ? character : '';
}

// The texts that need no thought: harmless, and as wide as they have characters. Nearly all that is ever drawn, so that
// neither cleaning nor measuring costs anything there.

/** Printable ASCII and Latin (no soft hyphen), dashes and dots, arrows, lines, blocks and the glyphs of our own. */
const ONE_COLUMN = /^[\x20-\x7e\xa1-\xac\xae-\u02ff\u2010-\u2027\u2190-\u2193\u21bb\u2500-\u25fc\u2713\u2717]*$/;

export function isOneColumnEach(text: string): boolean {
  return ONE_COLUMN.test(text);
}

// What a foreign text may do to our screen: nothing but colour itself. Everything that others wrote (output of children,
// names, reasons, paths) passes here before it becomes part of a line.

/**
 * Sequences that a terminal would act on, each as a whole, with the C1 (8-bit) spelling of their introducers:
 * OSC, DCS, APC, PM, SOS with their payload (to BEL, ST, or the end when never closed), CSI, and the two-byte escapes.
 * ECMA-48 §5.4 and §8.3; xterm's ctlseqs for BEL as a terminator.
 */
const STRING_SEQUENCE = /(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|(?=\x1b)|$)/g;
const CONTROL_SEQUENCE = /(?:\x1b\[|\x9b)([\x30-\x3f]*)([\x20-\x2f]*)([\x40-\x7e]|$)/g;
const OTHER_ESCAPE = /\x1b(?!\[[\d;:]*m)[\x20-\x2f]*[\x30-\x7e]?/g;
/** C0 but ESC (already judged), DEL, C1. */
const CONTROL_CHARACTER = /[\x00-\x1a\x1c-\x1f\x7f-\x9f]/g;
/** Marks that reorder or hide text: bidi embeddings, overrides and isolates, zero-width spaces, line separators, BOM. */
const INVISIBLE = /[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;
const SGR_PARAMETERS = /^[\d;:]*$/;
const SGR_SEQUENCE = /\x1b\[[\d;:]*m/g;

/** The text without any sequence: for names, reasons, messages. A line break or tab becomes one blank. */
export function stripSequences(text: string): string {
  if (isOneColumnEach(text)) return text;
  return keepSgrOnly(text.replace(/[\r\n\t]+/g, ' ')).replace(SGR_SEQUENCE, '');
}

/**
 * One line of a child's output as it may be shown: SGR sequences stay, tabs become blanks, of a line that overwrites
 * itself with carriage returns (a progress bar) what a terminal would show last, everything else of that kind goes.
 */
export function keepSgrOnly(line: string): string {
  if (isOneColumnEach(line)) return line;
  const kept = keepLastOverwrite(line)
    .replace(STRING_SEQUENCE, '')
    .replace(CONTROL_SEQUENCE, (_whole, parameters: string, intermediates: string, final: string) =>
      final === 'm' && intermediates === '' && SGR_PARAMETERS.test(parameters) ? `\x1b[${parameters}m` : '',
    )
    .replace(OTHER_ESCAPE, '');
  return expandTabs(kept).replace(CONTROL_CHARACTER, '').replace(INVISIBLE, '');
}

/** Without colours the text alone. */
export function stripSgr(text: string): string {
  return text.includes('\x1b') ? text.replace(SGR_SEQUENCE, '') : text;
}

function keepLastOverwrite(line: string): string {
  if (!line.includes('\r')) return line;
  const passes = line.split('\r').filter((pass) => pass !== '');
  return passes.at(-1) ?? '';
}

const TAB_WIDTH = 8;

/** Columns are counted in characters: good enough for what is only an indentation. */
function expandTabs(text: string): string {
  if (!text.includes('\t')) return text;
  let column = 0;
  let expanded = '';
  for (const part of text.split(/(\x1b\[[\d;:]*m|\t)/)) {
    const blanks = part === '\t' ? TAB_WIDTH - (column % TAB_WIDTH) : 0;
    expanded += part === '\t' ? ' '.repeat(blanks) : part;
    column += part === '\t' ? blanks : part.startsWith('\x1b') ? 0 : part.length;
  }
  return expanded;
}
