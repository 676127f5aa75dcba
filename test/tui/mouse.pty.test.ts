// The mouse in a real pseudo-terminal: what the program asks of the terminal, and what its reports do.
import { expect, test } from 'vitest';
import { waitFor } from '../rig/wait-for.ts';
import { SIZE, setStage, TIMEOUT_MS, WITH_STTY } from './stage.ts';
import { type HostTerminal, writeOutput } from './terminal-host.ts';

const stage = setStage();

/** As a terminal reports it. */
const report = (button: number, { column, row }: { column: number; row: number }, end: 'M' | 'm' = 'M') =>
  `\x1b[<${button};${column + 1};${row + 1}${end}`;
const DRAG = 32;
const WHEEL_UP = 64;
const WHEEL_DOWN = 65;

function placeOf(now: HostTerminal, text: string): { column: number; row: number } {
  const rows = now.screen().split('\n');
  const row = rows.findIndex((each) => each.includes(text));
  if (row < 0) throw new Error(`not on screen: ${text}`);
  return { row, column: rows[row]!.indexOf(text) };
}
const mouseIs = (now: HostTerminal, mode: 'none' | 'drag') =>
  waitFor(`the mouse is ${mode}`, now.modes, ({ mouse }) => mouse === mode);

test.each([
  { columns: 80, rows: 24 },
  { columns: 60, rows: 15 },
  { columns: 120, rows: 40 },
  { columns: 200, rows: 50 },
])(
  'at $columns×$rows, a click selects a row, a drag selects lines, the wheel scrolls',
  async (size) => {
    const lines = Array.from({ length: 100 }, (_, index) => ['api.2', 'o', `line ${index}.`] as ['api.2', 'o', string]);
    writeOutput(stage.supervisor.paths.logsDir, lines, true);
    const now = stage.open('own colour', size);
    await now.shows('line 99.');
    await mouseIs(now, 'drag');
    const row = placeOf(now, '· api.2');
    now.type(report(0, row) + report(0, row, 'm'));
    await now.shows('── api.2 output');
    await now.shows('line 99.');
    const from = placeOf(now, 'line 98.');
    const to = placeOf(now, 'line 99.');
    now.type(report(WHEEL_UP, to));
    await now.shows(/paused · 3 new lines/);
    now.type(report(WHEEL_DOWN, to));
    await now.shows('following');
    now.type(report(0, from));
    await now.shows('1 line selected');
    now.type(report(DRAG, to));
    await now.shows('2 lines selected');
    now.type(report(0, to, 'm'));
    now.type('y');
    await now.shows("2 lines sent to the terminal's clipboard");
    expect(now.modes().clipboard).toEqual([`c;${Buffer.from('line 98.\nline 99.').toString('base64')}`]);
  },
  TIMEOUT_MS,
);

test(
  'a key leaves the mouse to the terminal, and takes it again',
  async () => {
    const now = await stage.opened();
    await mouseIs(now, 'drag');
    now.type('U');
    await now.shows('the terminal has the mouse');
    await mouseIs(now, 'none');
    now.type('c'); // prints the output
    await now.shows('press any key to return');
    now.type(' ');
    await now.shows('NAME');
    expect(now.modes().mouse).toBe('none');
    now.type('U');
    await mouseIs(now, 'drag');
    now.type('c');
    await now.shows('press any key to return');
    expect(now.modes().mouse).toBe('none');
    now.type(' ');
    await mouseIs(now, 'drag');
  },
  TIMEOUT_MS,
);

test(
  'a view that shall not take the mouse does not',
  async () => {
    const now = await stage.opened('own nomouse');
    now.type('?');
    await now.shows('this help');
    expect(now.raw()).not.toMatch(/\x1b\[\?100\dh/);
  },
  TIMEOUT_MS,
);

test(
  'what looks like a report is text in a question, and a click does not answer one',
  async () => {
    const now = await stage.opened();
    now.type('/');
    await now.shows('names or states with');
    now.type('\x1b[200~[<0;3;4M\x1b[201~');
    await now.shows('[<0;3;4M');
    now.type('\x1b');
    await now.shows('· api.1');
    now.type('r');
    await now.shows('restart all 2 instances of api?');
    now.type(report(0, placeOf(now, '· api.2')) + report(0, placeOf(now, '· api.2'), 'm'));
    now.type('y');
    await now.shows('restarting api');
    const restarts = stage.supervisor.requests.filter(({ method }) => method === 'restart');
    expect(restarts.map(({ params }) => params)).toEqual([{ names: ['api'] }]);
  },
  TIMEOUT_MS,
);

test(
  'many reports in one read press no key',
  async () => {
    const now = stage.open('', SIZE, WITH_STTY);
    await now.shows('first line of api.1');
    await mouseIs(now, 'drag');
    const { column, row } = placeOf(now, '· api.2');
    const wheel = report(WHEEL_UP, { column, row });
    now.type(wheel.repeat(200));
    now.type(report(0, { column, row }));
    await now.shows('── api.2 output');
    // A key among them would have muted a service (M), or opened a question.
    expect(now.screen()).not.toContain('without');
    now.type('q');
    await now.exited();
    expect(now.screen()).toContain('outcome: quit');
    expect(now.modes().mouse).toBe('none');
  },
  TIMEOUT_MS,
);
