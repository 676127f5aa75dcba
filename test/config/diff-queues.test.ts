// What a plan says of log queues.
import { expect, test } from 'vitest';
import { diffQueues } from '../../src/plan/diff-queues.ts';
import { accept } from './loading.ts';

const config = (queue: string, more = '', service = 'log_queue: main') =>
  accept(
    `services:\n  a: { command: x, ${service} }\n  r: { command: r }\nlog_queues: { main: { ${queue} }, ${more} }\n`,
  );

const rows: [from: string, to: string, keys: [key: string, from: string | null, to: string | null][]][] = [
  ['', '', []],
  ['rotate: { size: 64MiB }', '', []],
  ['', 'rotate: { size: 1MiB }', [['rotate.size', '64MiB', '1MiB']]],
  [
    '',
    'rotate: { every: 1d, total: 1GiB }',
    [
      ['rotate.every', null, '1d'],
      ['rotate.total', null, '1GiB'],
    ],
  ],
  [
    'rotate: { keep: 2 }',
    'rotate: { keep: 3, compress: none }',
    [
      ['rotate.keep', '2', '3'],
      ['rotate.compress', 'gzip', 'none'],
    ],
  ],
  [
    '',
    'path: a.log, format: raw',
    [
      ['path', '/project/.orch/logs/main.log', '/project/a.log'],
      ['format', 'text', 'raw'],
    ],
  ],
  [
    '',
    'capacity: 1MiB, overflow: drop_oldest',
    [
      ['capacity', '8MiB', '1MiB'],
      ['overflow', 'block', 'drop_oldest'],
    ],
  ],
];

test.for(rows)('{ %s } -> { %s }', async ([from, to, keys]) => {
  const changes = diffQueues(await config(from), await config(to));
  if (keys.length === 0) return expect(changes).toEqual([]);
  expect(changes).toEqual([
    {
      service: 'log_queues.main',
      action: 'update',
      instances: [],
      class: 'live',
      keys: keys.map(([key, old, now]) => ({ key, class: 'live', from: old, to: now })),
      reason: `${keys.map(([key]) => key).join(', ')} changed, applied in place`,
    },
  ]);
});

test('a queue that feeds a service instead of a file', async () => {
  const [change] = diffQueues(await config(''), await config('sink: { service: r }'));
  expect(change!.keys).toContainEqual({ key: 'sink.service', class: 'live', from: null, to: 'r' });
  expect(change!.keys).toContainEqual({ key: 'path', class: 'live', from: '/project/.orch/logs/main.log', to: null });
});

test('added and removed queues are listed where no service names them', async () => {
  const without = await config('');
  const more = await config('', 'more: {}');
  const used = await config('', 'more: {}', 'log_queue: more');
  const said = (changes: ReturnType<typeof diffQueues>) => changes.map(({ service, reason }) => `${service} ${reason}`);
  expect(said(diffQueues(without, more))).toEqual(['log_queues.more new in the configuration']);
  expect(said(diffQueues(more, without))).toEqual(['log_queues.more no longer declared']);
  expect(said(diffQueues(without, used))).toEqual([]);
  expect(diffQueues(null, more)).toEqual([]);
});
