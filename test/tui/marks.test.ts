// Marked rows: which keys act on them, what is asked, and how they are shown.
import { describe, expect, test } from 'vitest';
import type { Effect } from '../../src/tui/model/effects.ts';
import { paletteEntries } from '../../src/tui/model/palette.ts';
import type { UiState } from '../../src/tui/model/state.ts';
import { drawnRows } from './ink-frame.ts';
import { pool, press, shopStatus, shownState } from './sample.ts';

const start = (change: Partial<UiState> = {}) => shownState({ columns: 80, rows: 24 }, change);
/** Rows: api, api.1, api.2, api.3, db, mailer, migrate, worker. */
const marked = (keys: string[], change: Partial<UiState> = {}) => press(start(change), keys).state;

describe('marks', () => {
  test('space marks, and selects the next row; again on the same row: not any more', () => {
    const two = marked(['down', 'space', 'space']);
    expect([two.marked, two.selected]).toEqual([['api.1', 'api.2'], 'api.3']);
    expect(press(two, ['up', 'space']).state.marked).toEqual(['api.1']);
  });

  test('Esc unmarks all before anything else', () => {
    const state = marked(['down', 'space'], { nameFilter: 'api' });
    const once = press(state, ['escape']).state;
    expect([once.marked, once.nameFilter]).toEqual([[], 'api']);
    expect(press(once, ['escape']).state.nameFilter).toBe('');
  });

  test('a group stands for its services', () => {
    const services = [
      { ...pool('one', 1), tags: ['back'] },
      { ...pool('two', 2), tags: ['back'] },
    ];
    const state = marked(['g', 'space'], { groupsByTag: true, status: shopStatus({ services }) });
    expect(state.marked).toEqual(['one', 'two']);
    expect(press(state, ['g', 'space']).state.marked).toEqual([]);
  });

  test('a pool and an instance of it count once', () => {
    const state = marked(['space', 'space', 'G', 'up', 'up', 'up', 'space']);
    expect(state.marked).toEqual(['api', 'api.1', 'db']);
    const asked = press(state, ['r']).state;
    expect(drawnRows(asked).at(-1)).toContain('restart all 4 instances of the 2 that are marked?');
    expect(press(asked, ['y']).effects).toEqual([{ kind: 'command', method: 'restart', names: ['api', 'db'] }]);
  });
});

describe('keys act on all that are marked', () => {
  const dbAndMailer = ['/', ...'db|mailer', 'enter', 'space', 'space', 'escape'];
  test.each<[string[], Effect[]]>([
    [['r'], []],
    [['r', 'y'], [{ kind: 'command', method: 'restart', names: ['db', 'mailer'] }]],
    [['s', 'n'], []],
    [['s', 'enter'], [{ kind: 'command', method: 'stop', names: ['db', 'mailer'] }]],
    [[':', ...'signal all', 'enter', 'enter'], [{ kind: 'signal', names: ['db', 'mailer'], signal: 'HUP' }]],
    [[':', ...'restart all', 'enter', 'y'], [{ kind: 'command', method: 'restart', names: ['db', 'mailer'] }]],
    [['w'], [{ kind: 'explain', name: 'mailer' }]], // only the row under the cursor
    [['l', 'r'], [{ kind: 'command', method: 'restart', names: ['mailer'] }]], // nothing shows the marks there
  ])('%j', (keys, effects) => {
    const state = press(start(), dbAndMailer).state;
    const typed = keys.map((key) => (key === ' ' ? 'space' : key));
    expect(press({ ...state, marked: ['db', 'mailer'], selected: 'mailer' }, typed).effects).toEqual(effects);
  });

  test('one that is marked is not asked about; those that do not run are started', () => {
    expect(press(start({ marked: ['db'] }), ['s']).effects).toEqual([
      { kind: 'command', method: 'stop', names: ['db'] },
    ]);
    const status = shopStatus({ services: [pool('one', 1, 'stopped'), pool('two', 2, 'failed')] });
    expect(press(start({ status, marked: ['one', 'two'] }), ['s']).effects).toEqual([
      { kind: 'command', method: 'start', names: ['one', 'two'] },
    ]);
  });

  test('what is gone is left out; if all are, the keys act on the row again', () => {
    expect(press(start({ marked: ['gone', 'db'] }), ['s']).effects).toMatchObject([{ names: ['db'] }]);
    expect(press(start({ marked: ['gone'], selected: 'mailer' }), ['s']).effects).toMatchObject([
      { names: ['mailer'] },
    ]);
  });
});

test('marks are shown in the rows and counted in the last line', () => {
  const state = start({ marked: ['api', 'db'], selected: 'db' });
  const rows = drawnRows(state);
  expect(rows.filter((row) => row.startsWith(' ◆')).map((row) => row.slice(2).trim().split(/\s+/)[1])).toEqual([
    ...['api', 'api.1', 'api.2', 'api.3'],
  ]);
  expect(rows.find((row) => row.startsWith('▌◆'))).toContain('db');
  expect(rows.at(-1)).toContain(' 2 marked ');
  expect(paletteEntries(state)[0]).toMatchObject({ text: 'restart all that are marked', note: 'api db' });
});
