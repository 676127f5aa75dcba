// Typing into programs: what the key offers, what a line and a paste send, and what is refused.
import { expect, test } from 'vitest';
import type { ServiceStatus } from '../../src/api/protocol.ts';
import { LogRing } from '../../src/tui/model/log-ring.ts';
import { paletteEntries } from '../../src/tui/model/palette.ts';
import type { UiState } from '../../src/tui/model/state.ts';
import { reduce } from '../../src/tui/reducer.ts';
import { footerLine } from '../../src/tui/view/footer.ts';
import { UNICODE } from '../../src/tui/view/theme.ts';
import { instanceStatus, pool, press, serviceStatus, shopStatus, shownState } from './sample.ts';

const shell = (input: ServiceStatus['input'], pid: number | null = 42) =>
  serviceStatus('shell', [instanceStatus('shell.1', pid === null ? 'stopped' : 'ready', { pid })], {
    ...(input && { input }),
  });
const start = (service: ServiceStatus, change: Partial<UiState> = {}) =>
  shownState({ columns: 80, rows: 24 }, { status: shopStatus({ services: [service] }), ...change });
const paste = (state: UiState, text: string) => reduce(state, { kind: 'pasted', text }, new LogRing());

test('the key asks for a line; Enter sends it and asks for the next one; Esc is back', () => {
  const asked = press(start(shell('stdin')), ['I']);
  expect(asked.state.overlay).toEqual({ kind: 'input', instance: 'shell.1', text: '' });
  const sent = press(asked.state, ['h', 'i', 'space', 'x', 'backspace', '!', 'enter']);
  expect(sent.effects).toEqual([{ kind: 'sendInput', instance: 'shell.1', lines: ['hi !'] }]);
  expect(sent.state.overlay).toEqual({ kind: 'input', instance: 'shell.1', text: '' });
  expect(press(sent.state, ['enter']).effects).toEqual([{ kind: 'sendInput', instance: 'shell.1', lines: [''] }]);
  expect(press(sent.state, ['a', 'ctrl+u', 'escape']).state.overlay).toBeNull();
});

test('a program with a terminal of its own gets the whole terminal', () => {
  const { state, effects } = press(start(shell('tty')), ['I']);
  expect(effects).toEqual([{ kind: 'attach', instance: 'shell.1' }]);
  expect(state.overlay).toBeNull();
});

test.each([
  ['a service without input', shell(undefined), /shell has no input: declare `stdin: true`/],
  ['an instance that does not run', shell('stdin', null), /shell\.1 is not running/],
  ['a pool', { ...pool('shell', 3), input: 'stdin' as const }, /choose one of the 3 instances of shell/],
])('%s is refused with a way out', (_, service, reason) => {
  const { state, effects } = press(start(service), ['I']);
  expect(effects).toEqual([]);
  expect(state.notice?.text).toMatch(reason);
});

test('of a paste, complete lines are sent and the rest waits; control characters are left out', () => {
  const { state } = press(start(shell('stdin')), ['I', 'a']);
  const pasted = paste(state, 'b\r\n\x1b]52;c;ZXZpbA==\x07c\td\x1b[31m\ne\x03f');
  expect(pasted.effects).toEqual([{ kind: 'sendInput', instance: 'shell.1', lines: ['ab', 'c\td'] }]);
  expect(pasted.state.overlay).toMatchObject({ text: 'ef' });
});

test('the palette offers it where it is possible', () => {
  const texts = (service: ServiceStatus) => paletteEntries(start(service)).map(({ text }) => text);
  expect(texts(shell('tty'))).toContain('type into shell');
  expect(texts(shell(undefined))).not.toContain('type into shell');
  expect(texts(shell('stdin', null))).not.toContain('type into shell');
});

test('of a long line, the end is shown, and the keys stay', () => {
  const { state } = press(start(shell('stdin')), ['I']);
  const long = paste(state, `${'x'.repeat(200)}END`).state;
  const text = footerLine(long, 0, UNICODE)
    .map((cell) => cell.text)
    .join('');
  expect(text).toMatch(/^ type into shell\.1 {2}x+END .*Enter send .*Esc back *$/);
});
