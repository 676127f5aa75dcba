// The table of `orch ps` is that of the view: the same words, columns, units, colours and cuts.
import { describe, expect, test } from 'vitest';
import type { Status } from '../../src/api/protocol.ts';
import { formatStatus } from '../../src/cli/commands/ps.ts';
import { ASCII, UNICODE } from '../../src/tui/view/theme.ts';
import { drawnRows } from '../tui/ink-frame.ts';
import { instanceStatus, NOW_MS, pool, serviceStatus, shopStatus, shownState } from '../tui/sample.ts';

const long = 'GET /health answers 503 since 12:00, after the connection to the database was lost and not restored';
const status = shopStatus({
  services: [
    pool('a-service-with-a-name-that-is-long-enough-to-be-cut', 3),
    serviceStatus('web', [instanceStatus('web.1', 'unready', { port: 8080, restarts: 12, reason: long })]),
    serviceStatus('db', [instanceStatus('db.1', 'backoff', { reason: long })]),
    serviceStatus('job', [instanceStatus('job.1', 'ready', { adopted: true })], { override: { stopped: true } }),
    serviceStatus('none', [], { pool: 0, override: { pool: 0 } }),
  ],
});
const ROWS = 9;

/** In a terminal. */
const FORMAT = { nowMs: NOW_MS, wide: false, widthColumns: null, colour: false, glyphs: UNICODE };
const psOf = (change: Partial<Parameters<typeof formatStatus>[1]>, shown: Status = status): string[] =>
  formatStatus(shown, { ...FORMAT, ...change })
    .split('\n')
    .slice(0, ROWS);
/** The rows of the view without the cursor and the mark of a fold. */
function viewOf(columns: number, colour = false): string[] {
  const screen = drawnRows(shownState({ columns, rows: 40 }, { status }), { colour });
  const head = screen.findIndex((row) => row.includes('NAME'));
  return screen.slice(head, head + ROWS);
}

describe.each([60, 80, 110, 140])('in a terminal of %i columns', (columns) => {
  test('orch ps prints the rows of the view', () => {
    // The cursor and the mark of a fold need four columns.
    const rows = viewOf(columns + 4).map((row) => row.slice(4).trimEnd());
    const [head, ...others] = psOf({ widthColumns: columns });
    // The titles begin where the cursor ends.
    expect(head!.split(/ +/)).toEqual(
      viewOf(columns + 4)[0]!
        .trim()
        .split(/ +/),
    );
    expect(others).toEqual(rows.slice(1));
    for (const row of [head!, ...others]) expect(row.length).toBeLessThanOrEqual(columns);
  });
});

test('states have the colours of the view', () => {
  const coloured = psOf({ widthColumns: 110, colour: true });
  expect(coloured[1]).toContain('\x1b[32m● ready 3/3\x1b[39m');
  expect(coloured[5]).toContain('\x1b[33m◐ unready\x1b[39m');
  expect(coloured[6]).toContain('\x1b[33m↻ backoff\x1b[39m');
  for (const [row, text] of viewOf(114, true).entries()) {
    for (const state of ['ready 3/3', 'unready', 'backoff']) {
      const colourIn = (line: string) => new RegExp(`\x1b\\[(\\d+)m[^\x1b]*${state}`).exec(line)?.[1];
      if (row !== 1) expect([state, colourIn(text)]).toEqual([state, colourIn(coloured[row]!)]);
    }
  }
});

test('elsewhere words alone show the states, and nothing is cut', () => {
  const rows = psOf({ glyphs: null });
  expect(rows.join('\n')).not.toMatch(/[^\x20-\x7e\n]/);
  expect(rows[1]).toMatch(/^a-service-with-a-name-that-is-long-enough-to-be-cut x3 +ready 3\/3 /);
  expect(rows[2]).toMatch(/^ {2}a-service-with-a-name-that-is-long-enough-to-be-cut\.1 +ready /);
  expect(rows[5]).toMatch(new RegExp(`^web +unready +12 +4001 +8080 +2m +1\\.5% +48M  ${long}$`));
  expect(rows[6]).toMatch(new RegExp(`^db +backoff +${long}$`));
  expect(rows[7]).toMatch(/adopted from an earlier supervisor$/);
  expect(rows[8]).toMatch(/^none x0 +none +pool 0 \(override\)$/);
});

test('a terminal without Unicode gets the glyphs in ASCII', () => {
  expect(psOf({ glyphs: ASCII, widthColumns: 110 })[5]).toMatch(/^web +\? unready /);
});
