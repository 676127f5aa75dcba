// Which rules of a policy hold an edit.
import { describe, expect, test } from 'vitest';
import type { EditPolicy } from '../../src/core/edit-policy.ts';
import type { ServiceSpec } from '../../src/core/spec.ts';
import { judgeEdit, strictestPolicy } from '../../src/plan/judge-edit.ts';
import { planChange } from '../../src/plan/plan.ts';
import { SETTLED_MS, settledState } from '../../src/plan/settled-state.ts';
import { config, spec } from '../core/fixtures.ts';

const policy = (changes: Partial<EditPolicy>): EditPolicy => ({
  apply: 'auto',
  requireClean: false,
  stopMoreThanPercent: null,
  ...changes,
});

describe('the policy in force and that of the edit both count', () => {
  test.each([
    [undefined, undefined, null],
    [policy({ apply: 'manual' }), undefined, policy({ apply: 'manual' })],
    [undefined, policy({ requireClean: true }), policy({ requireClean: true })],
    [policy({ apply: 'manual' }), policy({ apply: 'auto' }), policy({ apply: 'manual' })],
    [policy({ apply: 'auto' }), policy({ apply: 'manual' }), policy({ apply: 'manual' })],
    [policy({ stopMoreThanPercent: 30 }), policy({ stopMoreThanPercent: 90 }), policy({ stopMoreThanPercent: 30 })],
    [policy({ stopMoreThanPercent: 30 }), policy({}), policy({ stopMoreThanPercent: 30 })],
    [
      policy({ requireClean: true }),
      policy({ stopMoreThanPercent: 0 }),
      policy({ requireClean: true, stopMoreThanPercent: 0 }),
    ],
  ])('%j and %j', (inForce, edited, expected) => {
    expect(strictestPolicy(inForce, edited)).toEqual(expected);
  });
});

/** Ten instances run: api.1 … api.6, web.1 … web.4. */
const api = spec('api', { pool: 6 });
const web = spec('web', { pool: 4 });
const base = settledState(config(api, web));
const reasonsFor = (percent: number, ...services: ServiceSpec[]): string[] =>
  judgeEdit(policy({ stopMoreThanPercent: percent }), {
    plan: () => planChange(base, config(...services), SETTLED_MS, 'edit'),
    slots: base.slots,
    uncommitted: null,
  }).map(({ because }) => because);

test('protect counts instances that run now and will not', () => {
  expect(reasonsFor(40, api)).toEqual([]);
  expect(reasonsFor(39, api)).toEqual([
    'policy.protect.stop_more_than: it would stop 4 of 10 running instances, more than 39%',
  ]);
  expect(reasonsFor(30, { ...api, pool: 3 }, web)).toEqual([]);
  expect(reasonsFor(29, { ...api, pool: 3 }, web)).toHaveLength(1);
  expect(reasonsFor(0, { ...api, specHash: 'new' }, { ...web, specHash: 'new' })).toEqual([]);
  expect(reasonsFor(0, { ...api, pool: 20 }, web, spec('new'))).toEqual([]);
  expect(reasonsFor(0, { ...api, enabled: false }, web)).toHaveLength(1);
  // Replaced and scaled at the same time: what leaves counts.
  expect(reasonsFor(29, { ...api, pool: 3, specHash: 'new' }, web)).toHaveLength(1);
});

test('nothing runs: nothing can be stopped', () => {
  const idle = settledState(null);
  const plan = () => planChange(idle, config(), SETTLED_MS, 'edit');
  expect(judgeEdit(policy({ stopMoreThanPercent: 0 }), { plan, slots: idle.slots, uncommitted: null })).toEqual([]);
});

test('every rule that is broken is named', () => {
  const plan = () => planChange(base, config(), SETTLED_MS, 'edit');
  const all = policy({ apply: 'manual', requireClean: true, stopMoreThanPercent: 50 });
  const facts = { plan, slots: base.slots, uncommitted: 'procs.yaml is not committed' };
  expect(judgeEdit(all, facts).map(({ rule }) => rule)).toEqual(['manual', 'require_clean', 'protect']);
  expect(judgeEdit(policy({ requireClean: true }), { ...facts, uncommitted: null })).toEqual([]);
});
