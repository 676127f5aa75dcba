// The queue between a stream of the supervisor and its reader.
import { expect, test } from 'vitest';
import { EventQueue } from '../../src/library/event-queue.ts';

const keeping = (limit: number, latest = false) => {
  let ends = 0;
  const queue = new EventQueue<number>({ limit, latest }, () => {
    ends++;
  });
  return { queue, ends: () => ends };
};

test('events are read in order, those that wait and those to come; the end comes after the last', async () => {
  const { queue } = keeping(10);
  queue.push(1);
  queue.push(2);
  const read: number[] = [];
  const reader = (async () => {
    for await (const item of queue) read.push(item);
  })();
  queue.push(3);
  await Promise.resolve();
  queue.end(null);
  await reader;
  expect(read).toEqual([1, 2, 3]);
});

test('a reader that falls behind gets an error after the limit, and the stream is ended', async () => {
  const { queue, ends } = keeping(2);
  for (const item of [1, 2, 3, 4]) queue.push(item);
  expect(ends()).toBe(1);
  expect([await queue.next(), await queue.next(), await queue.next()].map(({ value }) => value)).toEqual([1, 2, 3]);
  await expect(queue.next()).rejects.toThrow('more than 2 events were not read');
});

test('of statuses only the newest waits', async () => {
  const { queue, ends } = keeping(1, true);
  for (const item of [1, 2, 3]) queue.push(item);
  expect(await queue.next()).toEqual({ value: 3, done: false });
  expect(ends()).toBe(0);
});

test('a reader that stops ends the stream; a failed stream rejects its readers', async () => {
  const stopped = keeping(2);
  stopped.queue.push(1);
  for await (const _ of stopped.queue) break;
  expect(stopped.ends()).toBe(1);
  expect(await stopped.queue.next()).toEqual({ value: undefined, done: true });
  const failed = keeping(2);
  const next = failed.queue.next();
  failed.queue.end(new Error('lost'));
  await expect(next).rejects.toThrow('lost');
  await expect(failed.queue.next()).rejects.toThrow('lost');
});
