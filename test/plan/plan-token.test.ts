// The token of a plan: what it stands for, and what it does not give away.
import { describe, expect, test } from 'vitest';
import { NO_OVERRIDES } from '../../src/core/desired.ts';
import type { PlanBase } from '../../src/plan/plan.ts';
import { isPlanToken, movedParts, planToken } from '../../src/plan/plan-token.ts';
import { settledState } from '../../src/plan/settled-state.ts';
import { alive, config, slotOf, slots, spec } from '../core/fixtures.ts';

const KEY = 'key';
const api = spec('api', { pool: 2 });
const shop = config(api, spec('web'));
const base = settledState(shop);
const changed = (parts: Partial<PlanBase>): PlanBase => ({ ...base, ...parts });
const runningParts = (to: PlanBase | null) => movedParts(planToken(KEY, base, shop), planToken(KEY, to, shop));

test('is short, and the same for the same state', () => {
  const token = planToken(KEY, base, shop);
  expect(token).toHaveLength(21);
  expect(isPlanToken(token)).toBe(true);
  expect(planToken(KEY, settledState(config(api, spec('web'))), shop)).toBe(token);
});

test('tells nothing without the key: the same secret has another token on another machine', () => {
  const secret = config(spec('api', { env: { PIN: '1234' } }));
  const [one, two] = [planToken('a', null, secret), planToken('b', null, secret)];
  expect(movedParts(one, two)).toEqual(['running', 'files']);
});

describe('what runs has moved', () => {
  const older = slotOf({ ...api, specHash: 'old' }, 1, { phase: alive() });
  test.each<[string, PlanBase | null]>([
    ['nothing runs', null],
    ['another configuration is in force', settledState(config(api))],
    ['a service was stopped', changed({ overrides: { ...NO_OVERRIDES, stopped: ['api'] } })],
    ['a pool was scaled', changed({ overrides: { ...NO_OVERRIDES, pools: { api: 3 } } })],
    ['a profile was chosen', changed({ overrides: { ...NO_OVERRIDES, profiles: ['debug'] } })],
    ['only some services are wanted', changed({ overrides: { ...NO_OVERRIDES, only: [] } })],
    ['an instance runs another version', changed({ slots: slots(older) })],
  ])('%s', (_what, to) => {
    expect(runningParts(to)).toEqual(['running']);
  });
});

test('what moves by itself is not a change: crashes, restarts, starts that are due, the order of commands', () => {
  expect(runningParts(changed({ slots: new Map() }))).toEqual([]);
  const restarted = slotOf(api, 1, { phase: { kind: 'backoff', untilMs: 5, because: null }, restarts: 7 });
  expect(runningParts(changed({ slots: slots(restarted) }))).toEqual([]);
  const stopped = (...names: string[]) =>
    planToken(KEY, changed({ overrides: { ...NO_OVERRIDES, stopped: names } }), shop);
  expect(stopped('api', 'web')).toBe(stopped('web', 'api'));
});
