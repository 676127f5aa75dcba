// When the frame clock draws, on a fake clock.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FrameClock } from '../../src/tui/frame-clock.ts';

let drawn: number[];
let nextChangeMs: number | null;
let clock: FrameClock;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  drawn = [];
  nextChangeMs = null;
  clock = new FrameClock(() => {
    drawn.push(Math.round(performance.now()));
    return nextChangeMs;
  });
});
afterEach(() => {
  clock.stop();
  vi.useRealTimers();
});

const frames = (totalMs: number, everyMs: number, urgency: 'key' | 'update') => {
  for (let at = 0; at < totalMs; at += everyMs) {
    clock.request(urgency);
    vi.advanceTimersByTime(everyMs);
  }
  return drawn.length;
};

test('updates draw at most ten frames a second', () => {
  expect(frames(2000, 5, 'update')).toBeLessThanOrEqual(21);
  expect(drawn.length).toBeGreaterThanOrEqual(19);
});

test('a key is drawn at once, and thirty times a second while pressed', () => {
  clock.request('key');
  vi.advanceTimersByTime(1);
  expect(drawn).toHaveLength(1);
  expect(frames(1000, 5, 'key')).toBeLessThanOrEqual(33);
});

test('a key does not wait for the rest after an update', () => {
  clock.request('update');
  vi.advanceTimersByTime(1);
  clock.request('update');
  clock.request('key');
  vi.advanceTimersByTime(40);
  expect(drawn).toHaveLength(2);
});

test('an idle clock has no timer', () => {
  clock.request('update');
  vi.advanceTimersByTime(10);
  expect(vi.getTimerCount()).toBe(0);
});

test('a change of a visible time is drawn on time, at most once a second', () => {
  nextChangeMs = Date.now() + 5000;
  clock.request('update');
  vi.advanceTimersByTime(4999);
  expect(drawn).toHaveLength(1);
  nextChangeMs = Date.now() + 10;
  vi.advanceTimersByTime(2);
  expect(drawn).toHaveLength(2);
  nextChangeMs = null;
  vi.advanceTimersByTime(900);
  expect(drawn).toHaveLength(2);
  vi.advanceTimersByTime(200);
  expect(drawn).toHaveLength(3);
});

test('a stopped clock draws nothing', () => {
  clock.request('update');
  clock.stop();
  clock.request('key');
  vi.advanceTimersByTime(1000);
  expect(drawn).toEqual([]);
});
