// What a change affects beyond its own keys, simulated by the rules of the core: dependents, pools that are never lost,
// tasks, and projects that are too large to be simulated whole.

import { expect, test } from 'vitest';
import type { Slot } from '../../src/core/slot.ts';
import type { Dependency, ServiceSpec } from '../../src/core/spec.ts';
import { simulate } from '../../src/plan/simulate.ts';
import { alive, desire, slotOf, slots, spec } from '../core/fixtures.ts';

const on = (service: string, changes: Partial<Dependency> = {}): Dependency[] => [
  { service: service as Dependency['service'], condition: 'started', onLoss: 'ignore', ...changes },
];

/** Everything runs as `before` says, for so long that nothing of it is new; then `after` is declared. */
function outcomesOf(before: ServiceSpec[], after: ServiceSpec[], ...others: Slot[]): Record<string, string> {
  const running = before.flatMap((service) =>
    Array.from({ length: service.pool }, (_, index) => slotOf(service, index + 1, { phase: alive() })),
  );
  const all = slots(...running, ...others);
  const versions = [...before, ...after];
  const findVersion = (name: string, hash: string): ServiceSpec | null =>
    versions.find((one) => one.name === name && one.specHash === hash) ?? null;
  const input = { desired: desire(after), slots: all, rollouts: new Map(), findVersion, nowMs: 10_000 };
  return Object.fromEntries(simulate(input).outcomes);
}

const changed = (service: ServiceSpec): ServiceSpec => ({ ...service, specHash: `${service.name}-v2` });
const db = spec('db');

test('nothing changed: nothing happens', () => {
  expect(outcomesOf([db, spec('api', { dependsOn: on('db') })], [db, spec('api', { dependsOn: on('db') })])).toEqual(
    {},
  );
});

test.each([
  ['ignore', { 'db.1': 'restart' }],
  ['restart', { 'db.1': 'restart', 'api.1': 'restart', 'api.2': 'restart' }],
  ['hold', { 'db.1': 'restart', 'api.1': 'restart', 'api.2': 'restart' }],
] as const)('a dependency is replaced, on_loss %s', (onLoss, expected) => {
  const api = spec('api', { pool: 2, dependsOn: on('db', { onLoss }) });
  expect(outcomesOf([db, api], [changed(db), api])).toEqual(expected);
});

test('a pool that is replaced one by one is never lost', () => {
  const pool = spec('db', { pool: 4 });
  const api = spec('api', { dependsOn: on('db', { onLoss: 'hold' }) });
  expect(outcomesOf([pool, api], [changed(pool), api])).not.toHaveProperty('api.1');
});

test('a dependency that is scaled to 0 stops its dependents with on_loss hold', () => {
  const api = spec('api', { dependsOn: on('db', { onLoss: 'hold' }) });
  expect(outcomesOf([db, api], [{ ...db, pool: 0 }, api])).toEqual({ 'db.1': 'stop', 'api.1': 'stop' });
});

test('a service that waits for a task starts when that has completed', () => {
  const restart = { ...db.restart, policy: 'never' as const };
  const task = spec('migrate', { restart });
  const api = spec('api', { dependsOn: on('migrate', { condition: 'completed' }) });
  expect(outcomesOf([], [task, api])).toEqual({ 'migrate.1': 'start', 'api.1': 'start' });
});

test('the plan starts no scheduled run', () => {
  const schedule = { cron: '* * * * *', timeZone: 'UTC', catchUp: false, overlap: 'skip' as const };
  expect(outcomesOf([], [spec('job', { schedule })])).toEqual({});
});

test('a pool of thousands is not simulated to the end', () => {
  const many = spec('api', { pool: 5_000 });
  const played = Object.keys(outcomesOf([many], [changed(many)])).length;
  expect(played).toBeGreaterThan(0);
  expect(played).toBeLessThan(5_000);
});
