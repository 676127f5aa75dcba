// Hostile texts, on patterns and on a real terminal emulator: only colours may reach it.
import xterm from '@xterm/headless';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sanitizeLine, sanitizeScreenLine, stripSequences, stripSgr } from '../../src/terminal/sanitize.ts';
import { HOSTILE } from '../tui/hostile.ts';

const hostile: string[] = [
  ...HOSTILE.map(([, text]) => text),
  '\x1b]0;title\x07',
  '\x1b]0;title\x1b\\',
  '\x1b]0;never closed',
  '\x9d0;title\x9c',
  '\x1b]52;c;aGk=\x07',
  '\x1b]8;;http://x\x07link\x1b]8;;\x07',
  '\x1b]4;1;rgb:ff/00/00\x07',
  '\x1b]1337;File=:AAAA\x07',
  '\x1b]777;notify;a;b\x07',
  '\x1bPq#0;2\x1b\\',
  '\x1bP$q"p\x1b\\',
  '\x1bP+q544e\x1b\\',
  '\x90q\x9c',
  '\x1b_Gf=100;AAAA\x1b\\',
  '\x1b^pm\x1b\\',
  '\x1bXsos\x1b\\',
  '\x9fapc\x9c',
  '\x9epm\x9c',
  '\x98sos\x9c',
  '\x1b[2J',
  '\x1b[3J',
  '\x1b[H',
  '\x1b[10;10H',
  '\x1b[A',
  '\x1b[5B',
  '\x1b[C',
  '\x1b[D',
  '\x1b[K',
  '\x1b[1K',
  '\x1b[2K',
  '\x1b[L',
  '\x1b[M',
  '\x1b[P',
  '\x1b[@',
  '\x1b[X',
  '\x1b[?1049h',
  '\x1b[?1049l',
  '\x1b[?25l',
  '\x1b[?1000h',
  '\x1b[?2004h',
  '\x1b[?7l',
  '\x1b[r',
  '\x1b[2;5r',
  '\x1b[s',
  '\x1b[u',
  '\x1b[6n',
  '\x1b[c',
  '\x1b[>c',
  '\x1b[5n',
  '\x1b[!p',
  '\x1b[1"q',
  '\x1b[8;50;50t',
  '\x1b[21t',
  '\x1b[4h',
  '\x1b[20h',
  '\x1b[3g',
  '\x1b[0 q',
  '\x1b[1;1;10;10$z',
  '\x1bc',
  '\x1b7',
  '\x1b8',
  '\x1bD',
  '\x1bE',
  '\x1bM',
  '\x1bH',
  '\x1bZ',
  '\x1b=',
  '\x1b>',
  '\x1bN',
  '\x1bO',
  '\x1b#8',
  '\x1b(0',
  '\x1b)0',
  '\x1b%G',
  '\x1b%@',
  '\x1b F',
  '\x1b*B',
  '\x1bn',
  '\x1b|',
  '\x9b2J',
  '\x9b31m',
  '\x9bH',
  '\x84',
  '\x85',
  '\x88',
  '\x8d',
  '\x8e',
  '\x8f',
  '\x9c',
  '\x00',
  '\x05',
  '\x07',
  '\x08\x08\x08',
  '\x0b',
  '\x0c',
  '\x0e',
  '\x0f',
  '\x11',
  '\x13',
  '\x18',
  '\x1a',
  '\x7f',
  '\x1b',
  '\x1b[31',
  '\x1b[',
  '\x1b[38;5',
  '\x1b\x1b[2J',
  '\x1b[\x1b[2J',
  '\x1b[3\x1b[2J1m',
  '\x1b]0;a\x1b[2J\x07',
  '\x1b[31\x182Jm',
  '\x1b[3\x081m\x1b[A',
  '\x1b[?31m',
  '\x1b[31 m',
  '\x1b[>4;2m',
  `\x1b[${'1;'.repeat(5000)}m`,
  'progress 10%\rprogress 100%',
  '\r\x1b[A\x1b[2K',
  '\u202eevil\u202c',
  '\u2066a\u2069',
  '\u200f',
  '\u2028',
  '\u061c',
];

async function screenAfter(
  written: string,
): Promise<{ terminal: InstanceType<typeof xterm.Terminal>; answers: string[]; rows: string[] }> {
  const terminal = new xterm.Terminal({ cols: 60, rows: 6, allowProposedApi: true });
  const answers: string[] = [];
  terminal.onData((answer) => answers.push(answer));
  terminal.onTitleChange((title) => answers.push(`title ${title}`));
  terminal.onBell(() => answers.push('bell'));
  await new Promise<void>((resolve) => terminal.write(written, resolve));
  const rows = Array.from(
    { length: 6 },
    (_, row) => terminal.buffer.active.getLine(row)?.translateToString(true) ?? '',
  );
  return { terminal, answers, rows };
}

test.each(hostile.map((text) => [JSON.stringify(text).slice(0, 40), text]))(
  '%s moves nothing on the screen',
  async (_name, text) => {
    const clean = sanitizeLine(`ab${text}cd`, true);
    expect(clean.replace(/\x1b\[[\d;:]*m/g, '')).not.toMatch(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/);
    const { terminal, answers, rows } = await screenAfter(`before\r\n${clean}\r\nafter`);
    expect(answers).toEqual([]);
    expect(terminal.buffer.active.type).toBe('normal');
    expect([rows[0], rows[2]]).toEqual(['before', 'after']);
    // The emulator itself drops a BOM.
    expect(rows[1]).toBe(stripSgr(clean).replace('\ufeff', '').trimEnd());
    expect([terminal.buffer.active.cursorX, terminal.buffer.active.cursorY]).toEqual([5, 2]);
    const after = terminal.buffer.active.getLine(2)!.getCell(0)!;
    expect([after.isFgDefault(), after.isBgDefault(), after.isInverse()]).toEqual([true, true, 0]);
  },
);

test('at least sixty hostile texts', () => expect(hostile.length).toBeGreaterThan(60));

test('colours stay, and do not reach the next line', () => {
  expect(sanitizeLine('\x1b[1;31mred\x1b[0m', true)).toBe('\x1b[1;31mred\x1b[0m\x1b[0m');
  expect(sanitizeLine('\x1b[38:2::1:2:3mx', true)).toBe('\x1b[38:2::1:2:3mx\x1b[0m');
  expect(sanitizeLine('\x1b[31mred\x1b[0m', false)).toBe('red');
});

test('harmless text is untouched', () => {
  for (const text of ['', 'plain', 'tab\there', 'ünïcode 你好 👩‍👩‍👧', '[31m'])
    expect(sanitizeLine(text, true)).toBe(text);
  expect(sanitizeLine('windows line\r', true)).toBe('windows line');
});

/** Only printable characters and SGR sequences. */
const SAFE =
  /^(?:[^\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]|\x1b\[[\d;:]*m)*$/u;

describe('a line for the full screen', () => {
  test.each(hostile.map((text) => [JSON.stringify(text).slice(0, 40), text]))('%s', (_name, text) => {
    expect(sanitizeScreenLine(`before${text}after`)).toMatch(SAFE);
    expect(stripSequences(`before${text}after`)).not.toContain('\x1b');
  });

  test.each(HOSTILE)('what %s does not hide the text after it', (_what, text) => {
    expect(sanitizeScreenLine(`before${text}after`)).toContain('after');
  });

  test('only SGR passes, whatever the characters', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '\x1b',
        '\x1b[',
        '\x1b]',
        '\x9b',
        '\x9d',
        '\x07',
        '\x1b\\',
        '\r',
        '\t',
        'm',
        '0;1',
        '2J',
        '52;c;',
        '\x18',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join('');
        return (
          SAFE.test(sanitizeScreenLine(text)) &&
          SAFE.test(stripSequences(text)) &&
          !stripSequences(text).includes('\x1b')
        );
      }),
      { numRuns: 300 },
    );
  }, 30_000);

  test.each([
    ['colours stay', '\x1b[31mred\x1b[0m', '\x1b[31mred\x1b[0m'],
    ['colours with colons stay', '\x1b[38:2::1:2:3mx\x1b[m', '\x1b[38:2::1:2:3mx\x1b[m'],
    ['an 8-bit CSI becomes the usual one', '\x9b32mgreen', '\x1b[32mgreen'],
    ['of a progress bar the last state stays', '10%\r50%\r100%', '100%'],
    ['Windows line ends', 'text\r', 'text'],
    ['tabs reach to the next eighth column', 'a\tb', 'a       b'],
    ['a sequence cut off by the end of the line', 'text\x1b[3', 'text'],
    ['an OSC without an end takes what belongs to it', 'text\x1b]0;title', 'text'],
    ['emoji with joiners stay whole', '👩‍👩‍👧 ok', '👩‍👩‍👧 ok'],
  ])('%s', (_what, text, shown) => {
    expect(sanitizeScreenLine(text)).toBe(shown);
  });

  test('a sequence put together by what was cut out of it does not work', () => {
    expect(sanitizeScreenLine('\x1b\x1b[2J[2J')).toMatch(SAFE);
    expect(sanitizeScreenLine('\x1b\x1b]0;x\x07]52;c;aGk=\x07')).toMatch(SAFE);
  });
});

test('a name or a reason loses colours and line breaks', () => {
  expect(stripSequences('a\nb\x1b[31mc\x1b[0m\td')).toBe('a bc d');
  expect(stripSgr('\x1b[1mbold\x1b[22m')).toBe('bold');
});
