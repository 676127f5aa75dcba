// The mouse without a terminal: what is at a place of the screen, and what wheel, clicks and drags do there.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogRing } from '../../src/tui/model/log-ring.ts';
import type { MouseReport } from '../../src/tui/model/mouse-report.ts';
import { placeAt } from '../../src/tui/model/places.ts';
import { contextOf, type UiState } from '../../src/tui/model/state.ts';
import { reduce } from '../../src/tui/reducer.ts';
import { drawnRows } from './ink-frame.ts';
import { NOW_MS, press, ringOf, shownState } from './sample.ts';

const NARROW = { columns: 80, rows: 24 };
const WIDE = { columns: 200, rows: 50 };

type Kind = MouseReport['kind'];
function act(state: UiState, ring: LogRing, ...reports: [Kind, column: number, row: number][]): UiState {
  for (const [kind, column, row] of reports) {
    state = reduce(state, { kind: 'mouse', report: { kind, column, row }, nowMs: NOW_MS }, ring).state;
  }
  return state;
}
/** Row and column of a text on screen. */
function find(state: UiState, ring: LogRing, text: string): { row: number; column: number } {
  const rows = drawnRows(state, { log: ring });
  const row = rows.findIndex((each) => each.includes(text));
  if (row < 0) throw new Error(`not on screen: ${text}\n${rows.join('\n')}`);
  return { row, column: rows[row]!.indexOf(text) };
}
const at = (state: UiState, ring: LogRing, text: string, kind: Kind = 'press'): [Kind, number, number] => {
  const { row, column } = find(state, ring, text);
  return [kind, column, row];
};

describe.each([NARROW, WIDE, { columns: 60, rows: 15 }])('at $columns×$rows', (size) => {
  const ring = ringOf(200);

  test('what is drawn at a place is what is there', () => {
    const state = shownState(size);
    const rows = drawnRows(state, { log: ring });
    for (const [row, text] of rows.entries()) {
      const places = [...text].map((_, column) => placeAt(state, { row, column })?.part ?? null);
      const output = text.indexOf(' request ');
      if (output >= 0) expect(places[output]).toBe('output');
      if (/^(▌| ) .*(ready|backoff|completed)/.test(text)) expect(places[3]).toBe('table');
      if (/NAME|^ \? help|^ shop|── events/.test(text)) expect(places[3]).toBeNull();
    }
    expect(placeAt(state, { row: size.rows - 1, column: 0 })).toBeNull();
    expect(placeAt(state, { row: 5000, column: 5000 })).toBeNull();
  });

  test('a click selects the row that it is on, and its output is shown', () => {
    const state = shownState(size);
    const clicked = act(state, ring, at(state, ring, '· api.2 '));
    expect(clicked.selected).toBe('api.2');
    expect(drawnRows(clicked, { log: ring }).join('\n')).toContain('── api.2 output');
  });

  test('a click and a drag select the lines that they are on', () => {
    const state = shownState(size, { view: 'logs' });
    const first = act(state, ring, at(state, ring, 'request 190'), at(state, ring, 'request 190', 'release'));
    expect(contextOf(first)).toBe('select');
    const dragged = act(
      first,
      ring,
      at(state, ring, 'request 192'),
      at(state, ring, 'request 193', 'drag'),
      at(state, ring, 'request 194', 'drag'),
      at(state, ring, 'request 194', 'release'),
      at(state, ring, 'request 196', 'drag'), // the button is up
    );
    const { effects } = press(dragged, ['y'], ring);
    expect(effects).toEqual([
      { kind: 'copyLines', copied: { text: 'request 192\nrequest 193\nrequest 194', lines: 3, note: '' } },
    ]);
  });

  test('the wheel scrolls the output, and follows again at its end', () => {
    const state = shownState(size);
    const place = at(state, ring, 'request 199');
    const up: [Kind, number, number] = ['wheelUp', place[1], place[2]];
    const down: [Kind, number, number] = ['wheelDown', place[1], place[2]];
    const scrolled = act(state, ring, up, up);
    expect(ring.window(scrolled.logBottom, 1, null)[0]?.line).toBe('request 193');
    expect(act(scrolled, ring, down).logBottom).not.toBeNull();
    expect(act(scrolled, ring, down, down).logBottom).toBeNull();
    expect(act(state, ring, down)).toEqual(state);
  });
});

describe('the table', () => {
  const ring = ringOf(200);
  const long = press(shownState(NARROW, { folds: { worker: false } }), ['g'], ring).state;

  test('the wheel scrolls it; the selected row stays selected until a key shows it again', () => {
    const scrolled = act(long, ring, ['wheelDown', 3, 4], ['wheelDown', 3, 4]);
    expect(find(scrolled, ring, ' migrate ').row).toBe(find(long, ring, ' migrate ').row - 6);
    expect(scrolled.selected).toBe(long.selected);
    expect(find(act(scrolled, ring, ...Array(50).fill(['wheelDown', 3, 4])), ring, 'worker.20').row).toBeGreaterThan(3);
    expect(act(scrolled, ring, ...Array(50).fill(['wheelUp', 3, 4])).tableTop).toBe(0);
    const { state } = press(scrolled, ['j'], ring);
    expect(state).toMatchObject({ selected: 'api.1', tableTop: null });
  });

  test('a click leaves it where it is', () => {
    const scrolled = act(long, ring, ...Array(4).fill(['wheelDown', 3, 4] as const));
    const before = find(scrolled, ring, 'worker.5 ');
    const clicked = act(scrolled, ring, ['press', before.column, before.row]);
    expect(clicked.selected).toBe('worker.5');
    expect(find(clicked, ring, 'worker.5 ')).toEqual(before);
  });

  test('a second click on a pool folds it, and unfolds it again', () => {
    const state = shownState(NARROW);
    const click = at(state, ring, '▾ api ');
    const selected = act(state, ring, click, ['release', click[1], click[2]]);
    expect(find(selected, ring, '▾ api ')).toBeDefined();
    const folded = act(selected, ring, click);
    expect(find(folded, ring, '▸ api ').row).toBe(click[2]);
    expect(find(act(folded, ring, click), ring, '· api.1 ')).toBeDefined();
    const single = at(state, ring, 'mailer ');
    expect(act(state, ring, single, single)).toEqual(act(state, ring, single));
  });

  test('a click below its last row does nothing', () => {
    const state = shownState(WIDE);
    expect(act(state, ring, ['press', 3, 40])).toEqual(state);
  });

  test('a click ends a selection of lines', () => {
    const { state } = press(shownState(NARROW), ['V', 'K'], ring);
    const clicked = act(state, ring, at(state, ring, '· api.2 '));
    expect(clicked).toMatchObject({ selected: 'api.2', selection: null, logBottom: null });
  });
});

describe('a drag', () => {
  const ring = ringOf(200);
  const state = shownState(NARROW, { view: 'logs' });

  test('beyond the output scrolls it', () => {
    const up = Array(30).fill(['drag', 0, 0] as const);
    const dragged = act(state, ring, at(state, ring, 'request 199'), ...up);
    expect(ring.window(dragged.selection!.cursor, 1, null)[0]?.line).toBe('request 169');
    expect(drawnRows(dragged, { log: ring }).join('\n')).toMatch(/▌ request 169/);
    const back = act(dragged, ring, ...Array(30).fill(['drag', 0, 23] as const));
    expect(ring.window(back.selection!.cursor, 1, null)[0]?.line).toBe('request 199');
  });

  test('that began in the table, or before the view had the mouse, selects no lines', () => {
    const main = shownState(NARROW);
    const dragged = act(main, ring, at(main, ring, '· api.2 '), ['drag', 3, 20], ['release', 3, 20]);
    expect(dragged.selection).toBeNull();
    expect(act(state, ring, ['drag', 3, 10], ['release', 3, 10])).toEqual(state);
  });

  test('the output stays while lines are selected, and the wheel scrolls it', () => {
    const selecting = act(state, ring, at(state, ring, 'request 195'), ['release', 0, 5], ['wheelUp', 3, 5]);
    expect(selecting.logBottom).not.toBeNull();
    const atEnd = act(selecting, ring, ['wheelDown', 3, 5], ['wheelDown', 3, 5]);
    expect(atEnd.logBottom).toBe(ring.lastSeq);
    expect(press(atEnd, ['escape'], ring).state.logBottom).toBeNull();
  });
});

describe('elsewhere', () => {
  const ring = ringOf(200);

  test('the wheel scrolls help and events, and chooses in the palette', () => {
    const help = press(shownState(NARROW), ['?'], ring).state;
    expect(act(help, ring, ['wheelDown', 3, 10]).overlay).toMatchObject({ kind: 'help', scroll: 3 });
    const palette = press(shownState(NARROW), [':'], ring).state;
    expect(act(palette, ring, ['wheelDown', 3, 10]).overlay).toMatchObject({ kind: 'palette', at: 1 });
    const events = Array.from({ length: 60 }, (_, seq) => ({ ...shownState(NARROW).events[0]!, seq }));
    const list = shownState(NARROW, { view: 'events', events });
    expect(act(list, ring, ['wheelUp', 3, 10]).eventBottom).toBe(56);
  });

  test('a click does not answer a question, and nothing acts during a shutdown', () => {
    for (const keys of [['r'], ['q'], ['/'], ['+'], [':'], ['?']]) {
      const { state } = press(shownState(NARROW), keys, ring);
      expect(act(state, ring, ['press', 3, 4], ['drag', 3, 18], ['release', 3, 18])).toEqual(state);
    }
    const ending = press(shownState(NARROW), ['ctrl+c'], ring).state;
    expect(act(ending, ring, ['press', 3, 4], ['wheelUp', 3, 15])).toEqual(ending);
  });

  test('a key leaves the mouse to the terminal and takes it again', () => {
    const released = press(shownState(NARROW), ['U']).state;
    expect(released.mouse).toBe(false);
    expect(press(released, ['U']).state.mouse).toBe(true);
    expect(press(shownState(NARROW), ['?', 'U']).state).toMatchObject({ mouse: false, overlay: { kind: 'help' } });
  });

  test('no report throws or loses the frame, whatever is on screen', () => {
    const kinds: Kind[] = ['press', 'drag', 'release', 'wheelUp', 'wheelDown', 'other'];
    const report = fc.tuple(fc.constantFrom(...kinds), fc.nat(210), fc.nat(60));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(report, fc.constantFrom('V', 'l', 'escape', 'x', '?', ':', 'z', 'K', 'a', 'end')), {
          maxLength: 25,
        }),
        fc.constantFrom(NARROW, WIDE, { columns: 60, rows: 15 }, { columns: 20, rows: 5 }, { columns: 2, rows: 1 }),
        (steps, size) => {
          let state = shownState(size);
          for (const step of steps) {
            state = typeof step === 'string' ? press(state, [step], ring).state : act(state, ring, step);
          }
          expect(drawnRows(state, { log: ring }).length).toBeLessThan(Math.max(2, size.rows));
        },
      ),
      { numRuns: 60 },
    );
  });
});
