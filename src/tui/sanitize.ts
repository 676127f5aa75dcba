// What a foreign text may do to our screen: nothing but colour itself. Everything that others wrote (output of children,
// names, reasons, paths) passes here before it becomes part of a line.
import { isOneColumnEach } from './one-column.ts';

/**
 * Sequences that a terminal would act on, each as a whole, with the C1 (8-bit) spelling of their introducers:
 * OSC, DCS, APC, PM, SOS with their payload (to BEL, ST, or the end when never closed), CSI, and the two-byte escapes.
 * ECMA-48 §5.4 and §8.3; xterm's ctlseqs for BEL as a terminator.
 */
const STRING_SEQUENCE = /(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|(?=\x1b)|$)/g;
const CONTROL_SEQUENCE = /(?:\x1b\[|\x9b)([\x30-\x3f]*)([\x20-\x2f]*)([\x40-\x7e]|$)/g;
const OTHER_ESCAPE = /\x1b(?!\[[\d;:]*m)[\x20-\x2f]*[\x30-\x7e]?/g;
/** C0 but ESC (already judged), DEL, C1. */
const CONTROL = /[\x00-\x1a\x1c-\x1f\x7f-\x9f]/g;
/** Marks that reorder or hide text: bidi embeddings, overrides and isolates, zero-width spaces, line separators, BOM. */
const INVISIBLE = /[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;
const SGR_PARAMETERS = /^[\d;:]*$/;
const SGR = /\x1b\[[\d;:]*m/g;

/** The text without any sequence: for names, reasons, messages. A line break or tab becomes one blank. */
export function plainText(text: string): string {
  if (isOneColumnEach(text)) return text;
  return styledText(text.replace(/[\r\n\t]+/g, ' ')).replace(SGR, '');
}

/**
 * One line of a child's output as it may be shown: SGR sequences stay, tabs become blanks, of a line that overwrites
 * itself with carriage returns (a progress bar) what a terminal would show last, everything else of that kind goes.
 */
export function styledText(line: string): string {
  if (isOneColumnEach(line)) return line;
  const kept = lastOverwrite(line)
    .replace(STRING_SEQUENCE, '')
    .replace(CONTROL_SEQUENCE, (_whole, parameters: string, intermediates: string, final: string) =>
      final === 'm' && intermediates === '' && SGR_PARAMETERS.test(parameters) ? `\x1b[${parameters}m` : '',
    )
    .replace(OTHER_ESCAPE, '');
  return expandTabs(kept).replace(CONTROL, '').replace(INVISIBLE, '');
}

/** Without colours the text alone. */
export function withoutSgr(text: string): string {
  return text.includes('\x1b') ? text.replace(SGR, '') : text;
}

function lastOverwrite(line: string): string {
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
