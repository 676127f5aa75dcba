// When the log writer starts the next supervisor: delays and limits, by a clock that the test moves.
import { expect, test } from 'vitest';
import {
  FIRST_DELAY_MS,
  HEALTHY_AFTER_MS,
  MAX_DELAY_MS,
  MAX_FAILURES,
  SupervisorGuard,
} from '../../src/logs/writer/supervisor-guard.ts';
import type { SuccessorStart } from '../../src/logs/writer-protocol.ts';

const CONFLICT = 4;
const successor = (name: string): SuccessorStart => ({ command: name, args: [], cwd: '/', env: {}, message: '{}' });

/** A guard whose clock stands still until `advance`. */
function rig() {
  let nowMs = 0;
  let timer: { atMs: number; run: () => void } | null = null;
  const starts: { atMs: number; command: string; end: (code: number | null) => void }[] = [];
  const guard = new SupervisorGuard<string>({
    nowMs: () => nowMs,
    later: (delayMs, run) => {
      const mine = { atMs: nowMs + delayMs, run };
      timer = mine;
      return () => {
        if (timer === mine) timer = null;
      };
    },
    start: ({ command }, end) => void starts.push({ atMs: nowMs, command, end }),
  });
  const advance = (ms: number): void => {
    nowMs += ms;
    while (timer !== null && timer.atMs <= nowMs) {
      const { run, atMs } = timer as { atMs: number; run: () => void };
      const endMs = nowMs;
      timer = null;
      nowMs = atMs;
      run();
      nowMs = endMs;
    }
  };
  return { guard, starts, advance };
}

/** The starts so far, as pauses since the one before, the first since `sinceMs`. */
function pauses(starts: { atMs: number }[], sinceMs: number): number[] {
  return starts.map(({ atMs }, index) => atMs - (index === 0 ? sinceMs : starts[index - 1]!.atMs));
}

test('a supervisor that is lost is replaced after the first delay', () => {
  const { guard, starts, advance } = rig();
  guard.greet('first');
  guard.replaceBy('first', successor('next'));
  guard.disconnected('first');
  expect(guard.isPending).toBe(true);
  advance(FIRST_DELAY_MS - 1);
  expect(starts).toEqual([]);
  advance(1);
  expect(starts).toMatchObject([{ command: 'next' }]);
});

test('the delay doubles with each supervisor that is lost soon, up to its limit', () => {
  const { guard, starts, advance } = rig();
  for (let life = 0; life < 9; life++) {
    guard.greet(`life ${life}`);
    guard.replaceBy(`life ${life}`, successor('next'));
    guard.disconnected(`life ${life}`);
    advance(MAX_DELAY_MS);
    expect(starts).toHaveLength(life + 1);
  }
  const expected = Array.from({ length: 9 }, (_, life) => Math.min(FIRST_DELAY_MS * 2 ** life, MAX_DELAY_MS));
  expect(starts.map(({ atMs }, life) => atMs - life * MAX_DELAY_MS)).toEqual(expected);
  expect(expected.at(-1)).toBe(MAX_DELAY_MS);
});

test('a supervisor that has lived for a minute starts the delays over', () => {
  const { guard, starts, advance } = rig();
  guard.greet('first');
  guard.replaceBy('first', successor('next'));
  guard.disconnected('first');
  advance(MAX_DELAY_MS);
  guard.greet('second');
  advance(HEALTHY_AFTER_MS + 1);
  guard.disconnected('second');
  advance(FIRST_DELAY_MS);
  expect(starts).toHaveLength(2);
});

test('after ten starts in a row that never connected it gives up', () => {
  const { guard, starts, advance } = rig();
  guard.greet('first');
  guard.replaceBy('first', successor('next'));
  guard.disconnected('first');
  for (let life = 0; life < 2 * MAX_FAILURES; life++) {
    advance(MAX_DELAY_MS);
    if (starts[life]) starts[life]!.end(1);
  }
  expect(starts).toHaveLength(MAX_FAILURES);
  expect(pauses(starts, 0).slice(0, 4)).toEqual([500, 29_500 + 1_000, 29_000 + 2_000, 28_000 + 4_000]);
  expect(guard.isPending).toBe(false);
});

test('a connection in between starts the count over', () => {
  const { guard, starts, advance } = rig();
  guard.greet('first');
  guard.replaceBy('first', successor('next'));
  guard.disconnected('first');
  for (let life = 0; life < MAX_FAILURES - 1; life++) {
    advance(MAX_DELAY_MS);
    starts[life]!.end(null);
  }
  guard.greet('second');
  guard.disconnected('second');
  for (let life = MAX_FAILURES - 1; life < 3 * MAX_FAILURES; life++) {
    advance(MAX_DELAY_MS);
    starts[life]?.end(1);
  }
  expect(starts).toHaveLength(MAX_FAILURES - 1 + MAX_FAILURES);
});

test('none is started after a farewell, nor while another one is connected, nor once one lost the race', () => {
  const { guard, starts, advance } = rig();
  guard.greet('first');
  guard.replaceBy('first', successor('next'));
  guard.replaceBy('first', null);
  guard.disconnected('first');
  advance(MAX_DELAY_MS);
  expect(starts).toEqual([]);

  guard.greet('second');
  guard.replaceBy('second', successor('next'));
  guard.disconnected('second');
  guard.greet('third'); // a command was faster
  guard.replaceBy('second', null); // a late word of the one before
  advance(MAX_DELAY_MS);
  expect(starts).toEqual([]);

  guard.disconnected('third');
  advance(MAX_DELAY_MS);
  expect(starts).toHaveLength(1);
  starts[0]!.end(CONFLICT);
  advance(MAX_DELAY_MS);
  expect(starts).toHaveLength(1);
  expect(guard.isPending).toBe(false);
});
