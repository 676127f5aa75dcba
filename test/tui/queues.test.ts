// The view of the log queues: rates over the last seconds, troubles, and what fits at every width.
import { describe, expect, test } from 'vitest';
import type { LogQueueStatus } from '../../src/api/protocol.ts';
import { widthOf } from '../../src/terminal/width.ts';
import { LogRing } from '../../src/tui/model/log-ring.ts';
import { type QueueSamples, rateOf, withQueueSample } from '../../src/tui/model/queue-rates.ts';
import type { TerminalSize, UiState } from '../../src/tui/model/state.ts';
import { reduce } from '../../src/tui/reducer.ts';
import { ASCII } from '../../src/tui/view/theme.ts';
import { drawnRows } from './ink-frame.ts';
import { NOW_MS, press, shopStatus, shownState } from './sample.ts';

const SIZE = { columns: 100, rows: 24 };
const [usual] = shopStatus().logQueues as [LogQueueStatus];
const queue = (change: Partial<LogQueueStatus> = {}): LogQueueStatus => ({ ...usual, ...change });
const opened = (queues: LogQueueStatus[], size: TerminalSize = SIZE) =>
  press(shownState(size, { status: shopStatus({ logQueues: queues }) }), ['Q']).state;
const body = (state: UiState, scene = {}) =>
  drawnRows(state, scene)
    .slice(1, -1)
    .filter((row) => row.trim() !== '');
const told = (state: UiState, atMs: number, queues: LogQueueStatus[]) =>
  reduce(state, { kind: 'status', status: shopStatus({ logQueues: queues }), nowMs: NOW_MS + atMs }, new LogRing())
    .state;

describe('rates', () => {
  const samplesAt = (...points: [atMs: number, lines: number][]): QueueSamples =>
    points.reduce<QueueSamples>(
      (samples, [atMs, lines]) => withQueueSample(samples, [queue({ lines, bytes: lines * 100 })], atMs),
      [],
    );

  test('they are what came in during the last 5 s, a second', () => {
    expect(rateOf(samplesAt([0, 0], [1000, 50]), 'default')).toEqual({ lines: 50, bytes: 5000 });
    expect(rateOf(samplesAt([0, 0], [5000, 1000], [10_000, 1500], [12_000, 1500]), 'default')!.lines).toBeCloseTo(
      71.4,
      1,
    );
    expect(rateOf(samplesAt([0, 0], [5000, 1000], [10_000, 1000], [15_000, 1000]), 'default')).toEqual({
      lines: 0,
      bytes: 0,
    });
  });

  test('they are not known before there are two statuses, nor after the writer began to count again', () => {
    expect(rateOf(samplesAt([0, 10]), 'default')).toBeNull();
    expect(rateOf(samplesAt([0, 10], [100, 20]), 'default')).toBeNull();
    expect(rateOf(samplesAt([0, 10], [1000, 3]), 'default')).toBeNull();
    expect(rateOf(samplesAt([0, 10], [1000, 20]), 'other')).toBeNull();
  });

  test('they are kept only while the view is open, and only as many as the window needs', () => {
    const main = told(shownState(SIZE), 1000, [queue()]);
    expect(main.queues.samples).toHaveLength(0);
    let state = opened([queue()]);
    for (let atMs = 0; atMs <= 60_000; atMs += 100) state = told(state, atMs, [queue({ lines: atMs, bytes: atMs })]);
    expect(state.queues.samples.length).toBeLessThan(16);
    expect(press(press(state, ['q']).state, ['Q']).state.queues.samples).toHaveLength(0);
  });
});

describe('the screen', () => {
  test('each queue has its depth, what comes in, and its path', () => {
    const state = told(told(opened([queue()]), 0, [queue()]), 2000, [
      queue({ lines: 400, bytes: 212_400, depthBytes: 4_194_304 }),
    ]);
    const [title, head, row, path] = body(state);
    expect(title).toMatch(/^── log queues ─+$/);
    expect(head).toMatch(/^ {2}QUEUE +WAITS +TO BE WRITTEN +LINES\/S +BYTES\/S +DROPPED +LAG +HIGHEST$/);
    expect(row).toMatch(/^ {2}default {2}█{5}░{5} +4\.0 MiB of 8\.0 MiB +150 +99 KiB +0 +0s +64 KiB$/);
    expect(head).toHaveLength(row!.length);
    expect(path).toBe('      .orch/logs/default.log  when it is full, its programs wait');
  });

  test('a queue in trouble says which: error, lost lines, lag', () => {
    const state = opened([
      queue({
        error: 'ENOSPC: no space left',
        droppedLines: 12,
        droppedByInstance: { 'api.1': 12 },
        lagMs: 65_000,
        overflow: 'drop_oldest',
      }),
    ]);
    const text = body(state).join('\n');
    expect(text).toMatch(/default.* 12 +1m /);
    expect(text).toContain('when it is full, the oldest lines are dropped');
    expect(text).toContain('✗ ENOSPC: no space left');
    expect(text).toContain('✗ lines lost by api.1');
  });

  test('many queues scroll; q goes back', () => {
    const many = Array.from({ length: 30 }, (_, index) => queue({ name: `queue-${index}` }));
    const state = opened(many);
    expect(body(state)[0]).toMatch(/ 1-20 of 61 ──$/);
    const end = press(state, ['end']).state;
    expect(body(end)[0]).toMatch(/ 42-61 of 61 ──$/);
    expect(body(end).join('\n')).toContain('queue-29');
    expect(press(end, ['pageup', 'pageup', 'pageup', 'down', 'up']).state.queues.scroll).toBe(0);
    expect(press(end, ['q']).state.view).toBe('main');
  });

  test.each([20, 40, 60, 80, 200])('no row is wider than the screen at %i columns', (columns) => {
    const state = opened([queue({ name: 'a-queue-with-a-very-long-name-indeed', path: `/${'long/'.repeat(40)}` })], {
      columns,
      rows: 15,
    });
    for (const row of drawnRows(state)) expect(widthOf(row)).toBeLessThanOrEqual(columns);
    expect(body(state).join('\n')).toContain('a-queue-with');
  });

  test('without a queue it says so; ASCII has a bar of ASCII', () => {
    expect(body(opened([])).join('\n')).toContain('no log queues are known yet');
    expect(body(opened([queue({ depthBytes: 8_388_608 })]), { glyphs: ASCII }).join('\n')).toContain('##########');
  });
});
