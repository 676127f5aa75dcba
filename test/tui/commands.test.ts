// Keys that act: which requests they send, and what they ask first.
import { describe, expect, test } from 'vitest';
import type { Effect } from '../../src/tui/model/effects.ts';
import { contextOf, type UiState } from '../../src/tui/model/state.ts';
import { reduce } from '../../src/tui/reducer.ts';
import { NOW_MS, pool, press, ringOf, shopStatus, shownState } from './sample.ts';

const start = (change: Partial<UiState> = {}) => shownState({ columns: 80, rows: 24 }, change);

describe('commands', () => {
  test.each<[string, string[], Effect[]]>([
    ['restart a pool, once asked', ['r', 'enter'], [{ kind: 'command', method: 'restart', names: ['api'] }]],
    ['restart a pool, once asked', ['r', 'y'], [{ kind: 'command', method: 'restart', names: ['api'] }]],
    ['not restart a pool after all', ['r', 'escape'], []],
    ['not restart a pool after all', ['r', 'q', 'r', 'n'], []],
    ['not take another key for yes', ['r', 's', 'r', 'd', 'space'], []],
    ['restart an instance', ['down', 'down', 'r'], [{ kind: 'command', method: 'restart', names: ['api.2'] }]],
    ['stop a pool, once asked', ['s', 'y'], [{ kind: 'command', method: 'stop', names: ['api'] }]],
    ['stop a single instance', ['G', 'k', 'k', 'k', 's'], [{ kind: 'command', method: 'stop', names: ['db'] }]],
    [
      'start what does not',
      ['/', ...'migrate', 'enter', 's'],
      [{ kind: 'command', method: 'start', names: ['migrate'] }],
    ],
    [
      'stop what is in back-off',
      ['/', ...'mailer', 'enter', 's'],
      [{ kind: 'command', method: 'stop', names: ['mailer'] }],
    ],
    ['ask for everything', ['i'], [{ kind: 'describe', name: 'api' }]],
    ['ask why', ['w'], [{ kind: 'explain', name: 'api' }]],
    ['scale up, by one', ['+', 'enter'], [{ kind: 'scale', service: 'api', size: 4, target: 'file', before: 3 }]],
    [
      'scale down from an instance',
      ['down', '-', 'enter'],
      [{ kind: 'scale', service: 'api', size: 2, target: 'file', before: 3 }],
    ],
    [
      'scale to a typed number',
      ['+', '1', '2', 'enter'],
      [{ kind: 'scale', service: 'api', size: 12, target: 'file', before: 3 }],
    ],
    [
      'scale by steps',
      ['+', '+', '+', '-', 'enter'],
      [{ kind: 'scale', service: 'api', size: 5, target: 'file', before: 3 }],
    ],
    [
      'scale as an override',
      ['+', 'tab', 'enter'],
      [{ kind: 'scale', service: 'api', size: 4, target: 'override', before: null }],
    ],
    ['not scale after all', ['+', 'escape'], []],
    ['not scale to what it is', ['+', '3', 'enter'], []],
    [
      'not scale below 0',
      ['+', '0', '-', '-', 'enter'],
      [{ kind: 'scale', service: 'api', size: 0, target: 'file', before: 3 }],
    ],
    ['detach', ['d'], [{ kind: 'leave', outcome: 'detached' }]],
  ])('%s', (_what, keys, effects) => {
    expect(press(start(), keys).effects).toEqual(effects);
  });

  test('starting a stopped pool asks nothing', () => {
    const stopped = start({ status: shopStatus({ services: [pool('api', 3, 'stopped')] }) });
    expect(press(stopped, ['s']).effects).toEqual([{ kind: 'command', method: 'start', names: ['api'] }]);
  });

  test('where nothing is to be asked, a pool is restarted and stopped at once', () => {
    const quiet = start({ asksFirst: false });
    expect(press(quiet, ['r', 's']).effects).toMatchObject([{ method: 'restart' }, { method: 'stop' }]);
  });

  test('without a way to edit the file, scaling is an override', () => {
    expect(press(start({ canEditFile: false }), ['+', 'tab', 'enter']).effects).toMatchObject([{ target: 'override' }]);
  });

  test('pasted text does not act as keys', () => {
    const pasted = (state: UiState, text: string) => reduce(state, { kind: 'pasted', text }, ringOf(0));
    expect(pasted(start(), 'rsdq')).toEqual({ state: start(), effects: [] });
    expect(pasted(press(start(), ['/']).state, 'ap\x1b[31mi').state.nameFilter).toBe('api');
    expect(pasted(press(start(), ['+']).state, '17').state.overlay).toMatchObject({ text: '17' });
    expect(pasted(press(start(), ['+']).state, '1x').state.overlay).toMatchObject({ text: '4' });
  });
});

describe('shutdown', () => {
  test.each([
    [['q', 's'], {}],
    [['ctrl+c'], {}],
    [['q', 'ctrl+c'], {}],
    [['q'], { asksFirst: false }],
  ])('%j in the owning view stops everything; a second time at once, only once', (keys, change) => {
    const first = press(start(change), keys);
    expect(first.effects).toEqual([{ kind: 'down', timeoutMs: null }]);
    expect(contextOf(first.state)).toBe('shutdown');
    const second = press(first.state, ['ctrl+c', 'ctrl+c']);
    expect(second.effects).toEqual([{ kind: 'down', timeoutMs: 0 }]);
  });

  test('q in the owning view asks: detach, or stay', () => {
    expect(press(start(), ['q']).effects).toEqual([]);
    expect(press(start(), ['q', 'd']).effects).toEqual([{ kind: 'leave', outcome: 'detached' }]);
    for (const key of ['escape', 'q', 'n']) {
      const { state, effects } = press(start(), ['q', key]);
      expect([contextOf(state), effects]).toEqual(['main', []]);
    }
    expect(press(start(), ['q', 'enter', 'r', 'y', 'space']).effects).toEqual([]);
  });

  test.each(['q', 'ctrl+c'])('%s in another view only leaves', (key) => {
    expect(press(start({ owning: false }), [key]).effects).toEqual([{ kind: 'leave', outcome: 'quit' }]);
  });

  test('during the shutdown other keys do nothing', () => {
    const leaving = press(start(), ['ctrl+c']).state;
    expect(press(leaving, ['q', 'd', 's', 'r', 'escape', 'enter', 'x']).effects).toEqual([]);
  });

  test('a failed shutdown returns to the view', () => {
    const leaving = press(start(), ['ctrl+c']).state;
    const { state } = reduce(leaving, { kind: 'shutdownFailed', error: 'no', nowMs: NOW_MS }, ringOf(0));
    expect(contextOf(state)).toBe('main');
    expect(state.notice?.text).toBe('no');
  });

  test('ctrl-c leaves from within a question', () => {
    expect(press(start(), ['/', 'ctrl+c']).effects).toEqual([{ kind: 'down', timeoutMs: null }]);
  });
});
