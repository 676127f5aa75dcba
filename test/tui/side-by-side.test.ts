// A wide screen: services and output side by side.
import { expect, test } from 'vitest';
import { openInkScreen } from './ink-frame.ts';
import { ringOf, shownState } from './sample.ts';

test('a wide screen looks the same whatever was drawn before', () => {
  const wide = shownState({ columns: 200, rows: 30 });
  const screen = openInkScreen();
  screen.show(wide, ringOf(50));
  const first = screen.rows();
  for (const before of [
    wide,
    shownState({ columns: 80, rows: 24 }),
    { ...wide, view: 'logs' as const },
    { ...wide, status: null },
  ]) {
    screen.show(before, ringOf(3));
    screen.show(wide, ringOf(50));
    expect(screen.rows()).toEqual(first);
  }
  screen.close();
  expect(first[1]).toMatch(/^ {2}NAME .* │ ── all output ─/);
});
