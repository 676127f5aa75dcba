// What `orch reset-term` writes, in a terminal emulator: everything is usual again, and the cursor is where it was.
import headless from '@xterm/headless';
import { expect, test } from 'vitest';
import { RESET_SEQUENCE } from '../../src/cli/commands/reset-term.ts';

async function afterReset(before: string) {
  const terminal = new headless.Terminal({ cols: 40, rows: 10, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(`one\r\ntwo\r\n$ reset${before}${RESET_SEQUENCE}|`, resolve));
  const { active } = terminal.buffer;
  const rows = Array.from({ length: 10 }, (_, row) => active.getLine(row)!.translateToString(true));
  const cell = active.getLine(active.cursorY)!.getCell(active.cursorX - 1)!;
  return {
    rows: rows.join('\n').trimEnd(),
    type: active.type,
    isPlain: cell.isAttributeDefault(),
    modes: terminal.modes,
  };
}

test.each([
  ['nothing', ''],
  ['a scroll region', '\x1b7\x1b[2;5r\x1b8'],
  ['the alternate screen, left there by a program', '\x1b[?1049h\x1b[5;5Hfull screen\x1b[2;9r'],
  ['colours and line drawing', '\x1b[31;44m\x1b(0'],
  ['the mouse, pasting and the keypad', '\x1b[?1003h\x1b[?1006h\x1b[?2004h\x1b[?1h\x1b[?25l'],
])('after %s the cursor is where it was, and text is plain', async (_, before) => {
  const { rows, type, isPlain, modes } = await afterReset(before);
  expect(rows).toBe('one\ntwo\n$ reset|');
  expect([type, isPlain]).toEqual(['normal', true]);
  expect(modes).toMatchObject({
    mouseTrackingMode: 'none',
    bracketedPasteMode: false,
    applicationCursorKeysMode: false,
  });
});
