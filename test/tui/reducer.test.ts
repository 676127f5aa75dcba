// What keys do: tables of (state, keys) → (state, effects).
import { describe, expect, test } from 'vitest';
import { actionOf } from '../../src/tui/model/key-actions.ts';
import { keyLabel } from '../../src/tui/model/key-label.ts';
import { KEYMAP } from '../../src/tui/model/keymap.ts';
import { outputTarget, selectedRow, tableRows } from '../../src/tui/model/rows.ts';
import { contextOf, type UiState } from '../../src/tui/model/state.ts';
import { reduce } from '../../src/tui/reducer.ts';
import { event, pool, press, ringOf, shopStatus, shownState } from './sample.ts';

const SIZE = { columns: 80, rows: 24 };
const start = (change: Partial<UiState> = {}) => shownState(SIZE, change);
const selectedId = (state: UiState) => selectedRow(state)?.id;

describe('the keymap', () => {
  test('gives each key one meaning per context', () => {
    const seen = KEYMAP.flatMap((binding) =>
      binding.contexts.flatMap((context) => binding.keys.map((key) => `${context} ${key}`)),
    );
    expect(seen.filter((each, index) => seen.indexOf(each) !== index)).toEqual([]);
  });

  test('explains every action that is in the main view', () => {
    const explained = KEYMAP.filter((binding) => binding.contexts.includes('main')).filter(
      (binding) => binding.group === null,
    );
    expect(explained).toEqual([]);
  });

  test('every context has a key that leaves it', () => {
    for (const context of [
      ...(['main', 'logs', 'events', 'help', 'why', 'details'] as const),
      ...(['scale', 'search', 'confirm', 'leave', 'shutdown'] as const),
    ]) {
      expect(actionOf('ctrl+c', context)).toBe('interrupt');
    }
  });

  test.each([
    ['ctrl+c', 'Ctrl-C'],
    ['pageup', 'PgUp'],
    ['r', 'r'],
  ])('writes %s as %s', (key, label) => {
    expect(keyLabel(key)).toBe(label);
  });
});

describe('moving', () => {
  test.each<[string[], string]>([
    [[], 'api'],
    [['down'], 'api.1'],
    [['j', 'j', 'k'], 'api.1'],
    [['up'], 'api'],
    [['G'], 'worker'],
    [['G', 'down'], 'worker'],
    [['G', 'g'], 'api'],
  ])('%j selects %s', (keys, id) => {
    expect(selectedId(press(start(), keys).state)).toBe(id);
  });

  test('a removed row selects its service, a removed service the first row', () => {
    const state = press(start(), ['down', 'down']).state;
    const smaller = reduce(
      state,
      { kind: 'status', status: shopStatus({ services: [pool('db', 1), pool('api', 4)] }), nowMs: 0 },
      ringOf(0),
    );
    expect(selectedId(smaller.state)).toBe('api.2');
    const none = reduce(
      state,
      { kind: 'status', status: shopStatus({ services: [pool('db', 1)] }), nowMs: 0 },
      ringOf(0),
    );
    expect(selectedId(none.state)).toBe('db');
  });

  test('without services keys do nothing', () => {
    const empty = start({ status: shopStatus({ services: [] }) });
    const all = KEYMAP.filter((binding) => binding.contexts.includes('main')).flatMap((binding) => binding.keys);
    for (const key of all) expect(() => press(empty, [key])).not.toThrow();
    expect(press(empty, ['r', 's', '+', 'w', 'enter', 'j']).effects).toEqual([]);
  });
});

describe('pools', () => {
  const ids = (state: UiState) => tableRows(state).map((row) => row.id);

  test('small pools are unfolded, large ones folded', () => {
    expect(ids(start())).toEqual(['api', 'api.1', 'api.2', 'api.3', 'db', 'mailer', 'migrate', 'worker']);
  });

  test('fold and unfold', () => {
    expect(ids(press(start(), ['enter']).state)).not.toContain('api.1');
    expect(ids(press(start(), ['enter', 'enter']).state)).toContain('api.1');
    expect(ids(press(start(), ['G', 'right']).state)).toContain('worker.20');
    expect(ids(press(start(), ['z']).state)).toEqual(['api', 'db', 'mailer', 'migrate', 'worker']);
    expect(ids(press(start(), ['z', 'z']).state)).toContain('worker.20');
  });

  test('folding from an instance selects the pool', () => {
    expect(selectedId(press(start(), ['down', 'down', 'left']).state)).toBe('api');
  });
});

describe('titles and tags', () => {
  const named = { ...shopStatus(), services: shopStatus().services.map((service) => ({ ...service })) };
  Object.assign(named.services[1]!, { title: 'Background jobs', tags: ['backend'] });
  const shown = reduce(start(), { kind: 'status', status: named, nowMs: 0 }, ringOf(0)).state;
  const found = (text: string) => tableRows(press(shown, ['/', ...text]).state)[0]?.id;

  test('a search finds a service by them', () => {
    expect(found('tag:backend')).toBe(named.services[1]!.name);
    expect(found('jobs')).toBe(named.services[1]!.name);
    expect(found('tag:frontend')).toBeUndefined();
  });

  test('the output of a service has its title', () => {
    const selected = { ...shown, selected: named.services[1]!.name };
    expect(outputTarget(selected).title).toBe(`${named.services[1]!.name} (Background jobs)`);
  });
});

describe('searching', () => {
  test('names and states, while typing', () => {
    const typed = press(start(), ['/', 'm', 'i']).state;
    expect(tableRows(typed).map((row) => row.id)).toEqual(['migrate']);
    expect(tableRows(press(typed, ['backspace']).state).map((row) => row.id)).toEqual(['mailer', 'migrate']);
    expect(tableRows(press(start(), ['/', ...'backoff']).state).map((row) => row.id)).toEqual(['mailer']);
    expect(tableRows(press(start(), ['/', ...'worker.7']).state).map((row) => row.id)).toEqual(['worker', 'worker.7']);
  });

  test.each([
    ['api|mai', ['api', 'api.1', 'api.2', 'api.3', 'mailer']],
    ['^m', ['mailer', 'migrate']],
    ['(mi', []],
    ['Mi', []],
    ['worker.1$', ['worker', 'worker.1']],
  ])('names are searched as lines are: %s', (text, ids) => {
    expect(tableRows(press(start(), ['/', ...text]).state).map((row) => row.id)).toEqual(ids);
  });

  test('escape discards the typed text, a second escape the filter', () => {
    const kept = press(start(), ['/', 'd', 'b', 'enter']).state;
    expect(kept.nameFilter).toBe('db');
    expect(press(kept, ['/', 'x', 'escape']).state.nameFilter).toBe('db');
    expect(press(kept, ['escape']).state.nameFilter).toBe('');
  });

  test('keys that are letters are text there', () => {
    expect(press(start(), ['/', 'q', 'd', 'space', '?']).state.nameFilter).toBe('qd ?');
    expect(press(start(), ['/', 'f1', 'ctrl+x', 'left']).state.nameFilter).toBe('');
  });

  test('lines of the output', () => {
    expect(press(start(), ['f', ...'err', 'enter']).state.lineFilter).toBe('err');
    expect(press(start(), ['l', '/', ...'err', 'enter', 'escape']).state).toMatchObject({
      view: 'logs',
      lineFilter: '',
    });
  });
});

describe('views', () => {
  test.each<[string[], ReturnType<typeof contextOf>]>([
    [['l'], 'logs'],
    [['l', 'escape'], 'main'],
    [['l', 'l'], 'main'],
    [['e'], 'events'],
    [['e', 'l', 'e', 'e'], 'main'],
    [['?'], 'help'],
    [['?', '?'], 'main'],
    [['?', 'q'], 'main'],
    [['w', 'q'], 'main'],
    [['l', 'w', 'escape'], 'logs'],
    [['i'], 'details'],
    [['i', 'i'], 'main'],
    [['i', 'q'], 'main'],
    [['l', 'i', 'escape'], 'logs'],
    [['i', '?'], 'help'],
    [['l', 'q'], 'main'],
    [['e', 'q'], 'main'],
    [['l', 'w', 'q', 'q'], 'main'],
    [['l', 'e', 'q', 'q'], 'leave'],
  ])('%j leads to %s', (keys, context) => {
    expect(contextOf(press(start(), keys).state)).toBe(context);
  });

  test('output of all services until a row is selected, then of that row, or of all by `a`', () => {
    const titleOf = (keys: string[]) => outputTarget(press(start(), keys).state).title;
    expect(titleOf([])).toBe('all output');
    expect(titleOf(['down'])).toBe('api.1');
    expect(titleOf(['k'])).toBe('api');
    expect(titleOf(['a'])).toBe('api');
    expect(titleOf(['a', 'a'])).toBe('all output');
    expect(titleOf(['down', 'a', 'down'])).toBe('all output');
  });

  test('the output scrolls, and follows again at the end', () => {
    const log = ringOf(200);
    const up = press(start(), ['pageup'], log).state;
    expect(up.logBottom).not.toBeNull();
    expect(press(up, ['end'], log).state.logBottom).toBeNull();
    expect(press(up, ['pagedown'], log).state.logBottom).toBeNull();
    expect(press(up, ['down'], log).state.logBottom).toBeNull();
  });

  test('events scroll', () => {
    const state = start({ events: Array.from({ length: 100 }, (_, index) => event(index + 1, `e${index}`)) });
    expect(press(state, ['e', 'pageup']).state.eventBottom).toBe(80);
    expect(press(state, ['e', 'home']).state.eventBottom).toBe(20);
    expect(press(state, ['e', 'k', 'j']).state.eventBottom).toBeNull();
  });

  test('help scrolls no further than its end', () => {
    const far = press(start(), ['?', 'end']).state.overlay;
    expect(far).toEqual(press(start(), ['?', ...Array(100).fill('down')]).state.overlay);
  });

  test('the answer about another row is dropped', () => {
    const state = press(start(), ['i']).state;
    const late = { kind: 'described' as const, name: 'db', details: null, error: 'gone' };
    expect(reduce(state, late, ringOf(0)).state).toBe(state);
    expect(reduce(state, { ...late, name: 'api' }, ringOf(0)).state.overlay).toMatchObject({ error: 'gone' });
  });

  test('an answer to an older question is dropped', () => {
    const state = press(start(), ['w']).state;
    const late = { kind: 'explained' as const, name: 'db', explanations: [], error: null };
    expect(reduce(state, late, ringOf(0)).state).toBe(state);
  });

  test('events are bounded', () => {
    const many = Array.from({ length: 2500 }, (_, index) => event(index, `e${index}`));
    const { state } = reduce(start(), { kind: 'events', events: many }, ringOf(0));
    expect(state.events).toHaveLength(1000);
    expect(state.events.at(-1)!.seq).toBe(2499);
  });
});

describe('a status', () => {
  const taken = (state: UiState, cpuPercent: number, rssMib: number) => {
    const supervisor = { ...shopStatus().supervisor, cpuPercent, rssBytes: rssMib * 1024 * 1024 };
    return reduce(state, { kind: 'status', status: shopStatus({ supervisor }), nowMs: 0 }, ringOf(0)).state;
  };

  test('that differs only in what an idle supervisor uses changes nothing', () => {
    const first = taken(start(), 0.4, 50);
    expect(taken(taken(first, 0.1, 51), 0.9, 49)).toBe(first);
  });

  test('shows what a busy supervisor uses, and its end', () => {
    const busy = taken(taken(start(), 0.1, 50), 12, 80);
    expect(busy.status?.supervisor).toMatchObject({ cpuPercent: 12, rssBytes: 80 * 1024 * 1024 });
    expect(taken(busy, 12.6, 80)).toBe(busy);
    expect(taken(busy, 0.6, 80).status?.supervisor.cpuPercent).toBe(0);
  });
});
