// `orch events --critical-path`: the chain behind the length of a start.
import { expect, it } from 'vitest';
import type { EventRecord } from '../../src/api/protocol.ts';
import { criticalPath } from '../../src/api/start-times.ts';
import { formatCriticalPath } from '../../src/cli/commands/events.ts';

const event = (
  atMs: number,
  type: string,
  instance: string | null,
  details: Record<string, unknown> = {},
): EventRecord => ({
  seq: 1,
  time: new Date(1_000_000 + atMs).toISOString(),
  type,
  service: null,
  instance,
  message: '',
  details,
});
const started = (atMs: number, instance: string, waitedFor: string | null, restarts = 0) =>
  event(atMs, 'started', instance, { tookMs: 10, waitedFor, restarts });

const EVENTS = [
  event(0, 'config_applied', null),
  started(10, 'db.1', null),
  started(12, 'cache.1', null),
  event(400, 'became_ready', 'db.1'),
  started(410, 'migrate.1', 'db.1'),
  event(2_410, 'completed', 'migrate.1'),
  started(2_420, 'api.1', 'migrate.1'),
  started(2_421, 'api.2', 'migrate.1'),
  event(2_500, 'became_ready', 'api.1'),
  event(2_900, 'became_ready', 'api.2'),
  started(9_000, 'db.1', null, 1),
  event(9_400, 'became_ready', 'db.1'),
];

it('the critical path goes back from the instance that was ready last through what each one waited for', () => {
  const path = criticalPath(EVENTS)!;
  expect(path.totalMs).toBe(2_900);
  expect(path.steps.map(({ instance, beganMs, workMs, end }) => [instance, beganMs, workMs, end])).toEqual([
    ['db.1', 0, 390, 'ready'],
    ['migrate.1', 400, 2_000, 'completed'],
    ['api.2', 2_411, 479, 'ready'],
  ]);
  expect(formatCriticalPath(path).split('\n')).toEqual([
    '     +0 ms  db.1       started in 10 ms, ready after 390 ms',
    '   +400 ms  migrate.1  started in 10 ms, completed after 2000 ms',
    '  +2411 ms  api.2      started in 10 ms, ready after 479 ms',
    '   2900 ms  in all',
  ]);
});

it('a service that a later edit adds has a start of its own, whatever it waited for', () => {
  const added = [
    ...EVENTS,
    event(60_000, 'config_applied', null),
    started(60_010, 'web.1', 'api.2'),
    event(60_500, 'became_ready', 'web.1'),
  ];
  const path = criticalPath(added)!;
  expect(path).toMatchObject({ beganAtMs: 1_060_000, totalMs: 500 });
  expect(path.steps.map(({ instance }) => instance)).toEqual(['web.1']);
});

it('the critical path is empty if nothing was started', () => {
  expect(criticalPath([event(0, 'config_applied', null)])).toBeNull();
});
