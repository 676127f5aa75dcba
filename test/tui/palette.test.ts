// The palette: what it offers, what typed letters find, and what Enter does. Also the undo of a scale.
import { describe, expect, test } from 'vitest';
import { placeArguments } from '../../src/tui/editor.ts';
import type { Effect } from '../../src/tui/model/effects.ts';
import { fuzzyMatch } from '../../src/tui/model/fuzzy.ts';
import { paletteEntries, paletteMatches } from '../../src/tui/model/palette.ts';
import { contextOf, type UiState } from '../../src/tui/model/state.ts';
import { openerOf } from '../../src/tui/open-url.ts';
import { reduce } from '../../src/tui/reducer.ts';
import { drawnRows } from './ink-frame.ts';
import { instanceStatus, pool, press, ringOf, serviceStatus, shopStatus, shownState } from './sample.ts';

const start = (change: Partial<UiState> = {}) => shownState({ columns: 80, rows: 24 }, change);
const typed = (text: string) => [...text].map((letter) => (letter === ' ' ? 'space' : letter));
const find = (state: UiState, text: string) => press(state, [':', ...typed(text)]).state;
const foundTexts = (state: UiState, text: string) =>
  paletteMatches(state, { kind: 'palette', text, at: 0 }).map((entry) => entry.text);
const textsOf = (state: UiState) => paletteEntries(state).map(({ text }) => text);

describe('fuzzy', () => {
  test.each([
    ['restart api', 'restart api', [0, 1, 2, 3, 4, 5, 6, 8, 9, 10]],
    ['API', 'restart api', [8, 9, 10]],
    ['api re', 'restart api', [8, 9, 10, 0, 1]],
    ['rsw', 'restart worker', [0, 2, 8]],
    ['  ', 'anything', []],
  ])('%j fits %j', (query, text, at) => {
    expect(fuzzyMatch(query, text)?.at).toEqual(at);
  });
  test.each([
    ['wr', 'restart api'],
    ['restart db', 'restart api'],
    ['aap', 'api'],
  ])('%j does not fit %j', (query, text) => {
    expect(fuzzyMatch(query, text)).toBeNull();
  });
  test('whole words come before starts of words, those before middles, and all before scattered letters', () => {
    const texts = ['a p i', 'scapi', 'apis', 'api'];
    const costs = texts.map((text) => fuzzyMatch('api', text)!.cost);
    expect([...costs].sort((one, other) => other - one)).toEqual(costs);
    expect(new Set(costs).size).toBe(4);
  });
});

describe('what is offered', () => {
  test('first what the selected row can do, then the view and the project, then all others', () => {
    const texts = textsOf(start({ selected: 'db' }));
    expect(texts.slice(0, 8)).toEqual([
      ...['restart db', 'stop db', 'why db', 'show db', 'output of db', 'go to db', 'signal db', 'reload db'],
    ]);
    expect(texts).toContain('group by tag, or not');
    for (const text of ['restart api', 'restart api.2', 'scale worker', 'edit mailer', 'why worker.20'])
      expect(texts).toContain(text);
    expect(new Set(texts).size).toBe(texts.length);
  });

  test('only what makes sense', () => {
    const texts = textsOf(start());
    expect(texts).not.toContain('scale db'); // a singleton
    expect(texts).not.toContain('scale api.1');
    expect(texts).not.toContain('stop migrate'); // it has ended
    expect(texts).not.toContain('signal mailer'); // no process
    expect(texts).not.toContain('open api'); // no port
    expect(texts).not.toContain('the row below');
    expect(texts).toContain('run migrate');
    expect(textsOf(start({ view: 'events' }))).not.toContain('group by tag, or not');
  });

  test('a task by hand, a port, an override, a paused roll-out, paused edits', () => {
    const web = serviceStatus('web', [instanceStatus('web.1', 'ready', { port: 8080 })], {
      rollout: { state: 'paused', reason: 'web.2 failed' },
    });
    const seed = serviceStatus('seed', [instanceStatus('seed.1', 'stopped')], { runs: 'on_request' });
    const jobs = { ...pool('jobs', 4), override: { pool: 4 } };
    const status = shopStatus({
      services: [web, seed, jobs],
      config: { files: [], status: 'applied', problems: [], paused: { since: '2026-03-01T11:00:00.000Z', edits: 1 } },
    });
    const texts = textsOf(start({ status }));
    for (const text of [
      'open web',
      'run seed',
      'scale jobs as its file says',
      'resume the roll-out of web',
      'resume: apply the edits that wait',
    ])
      expect(texts).toContain(text);
    expect(texts).not.toContain('pause: let edits of the files wait');
  });
});

describe('letters find', () => {
  test.each([
    ['restart api', 'restart api'],
    ['re api.2', 'restart api.2'],
    ['api.2 st', 'stop api.2'],
    ['rlw', 'reload worker'],
    ['roll back', 'roll back: the configuration before this one'],
    ['wrap', 'wrap or cut long lines'],
    ['mig', 'run migrate'],
  ])('%j: %s', (text, first) => {
    expect(foundTexts(start(), text)[0]).toBe(first);
  });
  test('nothing', () => {
    expect(foundTexts(start(), 'zzz')).toEqual([]);
    expect(press(find(start(), 'zzz'), ['enter', 'up', 'down']).effects).toEqual([]);
    expect(drawnRows(find(start(), 'zzz')).join('\n')).toContain('no command has these letters: zzz');
  });
});

describe('Enter does it', () => {
  test.each<[string, string[], Effect[]]>([
    ['restart db', [], [{ kind: 'command', method: 'restart', names: ['db'] }]],
    ['restart api.2', [], [{ kind: 'command', method: 'restart', names: ['api.2'] }]],
    ['restart api', [], []],
    ['restart api', ['y'], [{ kind: 'command', method: 'restart', names: ['api'] }]],
    ['restart api', ['n'], []],
    ['run migrate', [], [{ kind: 'command', method: 'start', names: ['migrate'] }]],
    ['scale worker', ['9', 'enter'], [{ kind: 'scale', service: 'worker', size: 9, target: 'file', before: 20 }]],
    ['scale worker', ['enter'], []],
    ['signal api.1', ['enter'], [{ kind: 'signal', names: ['api.1'], signal: 'HUP' }]],
    ['signal api', ['u', 's', 'r', '1', 'enter'], [{ kind: 'signal', names: ['api'], signal: 'USR1' }]],
    ['signal api', ['escape'], []],
    ['signal api', ['ctrl+u', 'enter'], []],
    ['reload db', [], [{ kind: 'reload', name: 'db' }]],
    ['why mailer', [], [{ kind: 'explain', name: 'mailer' }]],
    ['show worker.3', [], [{ kind: 'describe', name: 'worker.3' }]],
    ['edit mailer', [], [{ kind: 'edit', service: 'mailer' }]],
    ['pause', [], [{ kind: 'project', method: 'pause' }]],
    ['roll back', [], []],
    ['roll back', ['enter'], [{ kind: 'project', method: 'rollback' }]],
    ['detach', [], [{ kind: 'leave', outcome: 'detached' }]],
  ])('%s %j', (text, keys, effects) => {
    expect(press(find(start(), text), ['enter', ...keys]).effects).toEqual(effects);
  });

  test('and asks nothing where nothing is to be asked', () => {
    const quiet = find(start({ asksFirst: false }), 'restart api');
    expect(press(quiet, ['enter']).effects).toMatchObject([{ method: 'restart', names: ['api'] }]);
  });

  test('the arrows choose; typing starts at the best again', () => {
    const opened = find(start(), 'api');
    const third = press(opened, ['down', 'down', 'down', 'up']).state;
    expect(third.overlay).toMatchObject({ at: 2 });
    expect(press(third, ['.', '1']).state.overlay).toMatchObject({ at: 0, text: 'api.1' });
    expect(press(opened, ['backspace', 'ctrl+u']).state.overlay).toMatchObject({ text: '' });
  });

  test('goes to an instance of a folded pool, and to its output', () => {
    const there = press(find(start({ nameFilter: 'db' }), 'go to worker.7'), ['enter']).state;
    expect([there.selected, there.nameFilter, contextOf(there)]).toEqual(['worker.7', '', 'main']);
    const output = press(find(start({ allOutput: true }), 'output of db'), ['enter']).state;
    expect([output.selected, output.allOutput, contextOf(output)]).toEqual(['db', false, 'logs']);
  });

  test('letters that are keys elsewhere are letters; Esc closes it', () => {
    expect(find(start(), 'q').overlay).toMatchObject({ kind: 'palette', text: 'q' });
    expect(press(find(start(), 'sd'), ['escape'])).toEqual({ state: start(), effects: [] });
  });

  test('a service that is gone by now does nothing', () => {
    const gone = { ...find(start(), 'edit mailer'), status: shopStatus({ services: [pool('api', 3)] }) };
    expect(press(gone, ['enter'])).toEqual({ state: gone, effects: [] });
  });
});

describe('undo of a scale', () => {
  const scaled = (state: UiState, before: number | null, target: 'file' | 'override') =>
    reduce(state, { kind: 'scaled', service: 'api', before, target }, ringOf(0)).state;

  test('asks, and goes back in the same place; without a scale there is nothing to undo', () => {
    expect(press(start(), ['u'])).toEqual({ state: start(), effects: [] });
    expect(textsOf(start())).not.toContain('undo the last scale (asks first)');
    const once = scaled(start(), 2, 'file');
    expect(textsOf(once)).toContain('undo the last scale (asks first)');
    expect(press(once, ['u', 'n']).effects).toEqual([]);
    expect(drawnRows(press(once, ['u']).state).at(-1)).toContain('scale api back to 2 in procs.yaml?');
    expect(press(once, ['u', 'y']).effects).toEqual([
      { kind: 'scale', service: 'api', size: 2, target: 'file', before: 3 },
    ]);
  });

  test('an override goes away where there was none', () => {
    const once = scaled(start({ asksFirst: false }), null, 'override');
    expect(press(once, ['u']).effects).toEqual([
      { kind: 'scale', service: 'api', size: null, target: 'override', before: null },
    ]);
  });
});

test('the keys E and b act on the selected row', () => {
  const web = serviceStatus('web', [instanceStatus('web.1', 'ready', { port: 8080 })]);
  const state = start({ status: shopStatus({ services: [web, pool('api', 2)] }) });
  expect(press(state, ['b', 'E']).effects).toEqual([
    { kind: 'browse', url: 'http://127.0.0.1:8080' },
    { kind: 'edit', service: 'web' },
  ]);
  expect(press(state, ['down', 'b', 'down', 'E']).effects).toEqual([{ kind: 'edit', service: 'api' }]);
});

describe.each([
  { columns: 80, rows: 24 },
  { columns: 60, rows: 15 },
  { columns: 20, rows: 5 },
  { columns: 20, rows: 2 },
])('at $columns×$rows', (size) => {
  test('no row is wider than the screen, and the chosen one is on it', () => {
    const opened = press(shownState(size), [':', ...'api', ...Array(30).fill('down')]).state;
    const rows = drawnRows(opened);
    expect(rows.length).toBe(size.rows - 1);
    expect(rows.every((row) => row.length <= size.columns)).toBe(true);
    if (size.rows > 3) expect(rows.filter((row) => row.startsWith('▌'))).toHaveLength(1);
  });
});

test.each([
  ['vim', ['+7', '/p.yaml']],
  ['/usr/bin/nano -w', ['+7', '/p.yaml']],
  ['code -n', ['--wait', '--goto', '/p.yaml:7:3']],
  ['subl', ['--wait', '/p.yaml:7:3']],
  ['hx', ['/p.yaml:7:3']],
  ['my-editor', ['/p.yaml']],
])('%s opens a file at a line', (command, words) => {
  expect(placeArguments(command, { file: '/p.yaml', line: 7, column: 3 })).toEqual(words);
});

test.each([
  [{ BROWSER: 'w3m' }, 'linux', 'w3m'],
  [{ DISPLAY: ':0' }, 'linux', 'xdg-open'],
  [{ WAYLAND_DISPLAY: 'wayland-0' }, 'linux', 'xdg-open'],
  [{}, 'linux', null],
  [{}, 'darwin', 'open'],
  [{ SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' }, 'darwin', null],
])('%j on %s: a URL is opened by %s', (environment, platform, opener) => {
  expect(openerOf(environment, platform)).toBe(opener);
});
