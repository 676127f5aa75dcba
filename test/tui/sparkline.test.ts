// The last minute of CPU and memory: what is kept of each status, and how it is shown.
import { describe, expect, test } from 'vitest';
import { NO_SAMPLES, type Samples, sumOfUsed, withSample } from '../../src/tui/model/samples.ts';
import type { UiState } from '../../src/tui/model/state.ts';
import { reduce } from '../../src/tui/reducer.ts';
import { cpuBars, memoryBars } from '../../src/tui/view/sparkline.ts';
import { ASCII, UNICODE } from '../../src/tui/view/theme.ts';
import { drawnRows } from './ink-frame.ts';
import { instanceStatus, NOW_MS, pool, ringOf, serviceStatus, shopStatus, shownState } from './sample.ts';

const MIB = 1024 * 1024;
const busy = (cpuPercent: number, rssBytes = MIB) =>
  shopStatus({
    services: [serviceStatus('web', [instanceStatus('web.1', 'ready', { cpuPercent, rssBytes })]), pool('api', 2)],
  });
const taken = (percents: number[], from: Samples = NO_SAMPLES) =>
  percents.reduce((samples, percent, index) => withSample(samples, busy(percent), NOW_MS + index * 2000), from);
const cpuOf = (samples: Samples, ...ids: string[]) => sumOfUsed(samples, ids, 'cpuPercent');

describe('what is kept', () => {
  test('of three samples the highest; ten such parts', () => {
    expect(cpuOf(taken([1, 5, 2, 40, 3]), 'web.1')).toEqual([5, 40]);
    const long = cpuOf(taken(Array.from({ length: 60 }, (_, index) => index)), 'web.1');
    expect(long).toEqual([32, 35, 38, 41, 44, 47, 50, 53, 56, 59]);
  });

  test('a status that follows at once says nothing new', () => {
    const once = taken([1]);
    expect(withSample(once, busy(90), NOW_MS + 100)).toBe(once);
  });

  test('what has ended is forgotten; instances are summed from the newest on', () => {
    const two = taken([1, 1, 1, 1]);
    const grown = withSample(two, shopStatus({ services: [pool('api', 3)] }), NOW_MS + 60_000);
    expect(cpuOf(grown, 'web.1')).toEqual([]);
    expect(cpuOf(grown, 'api.1', 'api.2', 'api.3')).toEqual([3, 4.5]);
  });
});

test.each([
  [[0, 0.3, 2, 10, 25, 50, 100, 350], UNICODE, '  ▁▁▂▃▅▆██'],
  [[0, 0.3, 2, 10, 25, 50, 100, 350], ASCII, '  __.-=+##'],
  [[], UNICODE, '          '],
])('CPU %j: %s', (percents, glyphs, bars) => {
  expect(cpuBars(percents, glyphs)).toBe(bars);
});

test('memory is in relation to its highest', () => {
  expect(memoryBars([0, MIB, 2 * MIB, 4 * MIB], UNICODE)).toBe('      ▁▃▅█');
  expect(memoryBars([0, 0], UNICODE)).toBe('        ▁▁');
});

describe('in the table', () => {
  const shown = (columns: number) => {
    const start: UiState = { ...shownState({ columns, rows: 20 }), status: null };
    return [0, 80, 80, 10].reduce(
      (state, percent, index) =>
        reduce(state, { kind: 'status', status: busy(percent), nowMs: NOW_MS + index * 2000 }, ringOf(0)).state,
      start,
    );
  };

  test('from 140 columns on; both where there is room for both', () => {
    for (const [columns, count] of [
      [100, 0],
      [139, 0],
      [140, 2],
      [160, 1],
      [200, 2],
    ] as const) {
      const rows = drawnRows(shown(columns));
      expect(rows[1]!.split('1 MIN').length - 1).toBe(count);
      expect(rows.every((row) => row.length <= columns)).toBe(true);
    }
    expect(drawnRows(shown(140)).find((row) => row.includes(' web '))).toMatch(/ 10% {10}▇▃ +1\.0M {10}██/);
  });

  test('nothing is kept where nothing is shown', () => {
    expect(shown(100).samples).toBe(NO_SAMPLES);
    expect(drawnRows({ ...shown(140), samples: NO_SAMPLES })[1]).not.toContain('1 MIN');
  });
});
