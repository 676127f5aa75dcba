// The last exits of instances, each with the stderr of its own process.
import { expect, test } from 'vitest';
import type { EventRecord } from '../../src/api/protocol.ts';
import { exitRows } from '../../src/cli/details/exit-rows.ts';

const event = (seq: number, type: string, instance: string): EventRecord => ({
  ...{ seq, type, instance, service: 'api', message: `${instance} ${type} ${seq}`, details: {} },
  time: new Date(seq * 1_000).toISOString(),
});
const line = (instance: string, timeMs: number, text: string) => ({ instance, timeMs, text });
const shown = (...parts: Parameters<typeof exitRows>) => exitRows(...parts).map(({ value }) => value);

test('an exit has the last lines of its own process, also those that are read after it', () => {
  const events = [
    event(1, 'started', 'api.1'),
    event(2, 'started', 'api.2'),
    event(4, 'exited', 'api.1'),
    event(6, 'started', 'api.1'),
    event(8, 'exited', 'api.1'),
  ];
  const stderr = [
    ...['a', 'b', 'c', 'd'].map((text, at) => line('api.1', 1_000 + at, text)),
    line('api.2', 3_000, 'of the other'),
    line('api.1', 4_500, 'late'),
    line('api.1', 7_000, 'second'),
  ];
  expect(shown(events, stderr)).toEqual(['api.1 exited 4', 'c', 'd', 'late', 'api.1 exited 8', 'second']);
});

test('the last three exits are shown; one whose start is not known takes the lines before it', () => {
  const events = [1, 2, 3, 4].map((seq) => event(seq, 'exited', `api.${seq}`));
  const stderr = [line('api.1', 1, 'first'), line('api.4', 1, 'fourth')];
  expect(shown(events, stderr)).toEqual(['api.2 exited 2', 'api.3 exited 3', 'api.4 exited 4', 'fourth']);
});

test('lines that were read before the start was known belong to the process that was being started', () => {
  const started = { ...event(6, 'started', 'api.1'), details: { tookMs: 40 } };
  const events = [event(1, 'started', 'api.1'), event(4, 'exited', 'api.1'), started, event(7, 'exited', 'api.1')];
  const stderr = [line('api.1', 5_959, 'of the first'), line('api.1', 5_960, 'of the second')];
  expect(shown(events, stderr)).toEqual(['api.1 exited 4', 'of the first', 'api.1 exited 7', 'of the second']);
});
