// Scenarios written by hand: roll-outs that must stop, wait or take turns.
import type { Scenario, SimLife } from './scenario.ts';
import { after, LIFE, one, service } from './scenario-parts.ts';

const crash = { kind: 'crash', beforeEffect: null, upAfterMs: 20, ups: 1 } as const;
const POOL: Partial<SimLife> = {
  readyAfterMs: 300,
  rollout: { ...LIFE.rollout, minReadyMs: 1_000, deadlineMs: 20_000 },
};
const ONE_ON_TOP: SimLife['rollout'] = { ...LIFE.rollout, unavailable: 0, surge: 1 };
const BACK: SimLife['rollout'] = { ...LIFE.rollout, onFailure: 'rollback' };
const killFirst = after(3_000, { kind: 'killOne', which: 0 });
const changeAll = { kind: 'changeAll' } as const;

export const KNOWN_ROLLOUTS: Record<string, Scenario> = {
  'the supervisor is frozen as a pool becomes ready by its age, and an edit waits': one(
    [service({ pool: 2, life: { readyAfterMs: 1_000 } })],
    after(100, { kind: 'holdEdits', isManual: true }),
    after(0, { kind: 'editFile', service: 0 }),
    after(0, { kind: 'freeze', forMs: 60_000 }),
    after(100, { kind: 'applyHeld' }),
    after(1_500, { kind: 'commentEdit' }),
  ),
  'a pool above its memory limit': one(
    [service({ pool: 4, life: { ...POOL, hasMemoryLimit: true, drain: { by: 'http', timeoutMs: 1_000 } } })],
    after(7_000, { kind: 'bloat', which: null }),
    after(20_000, { kind: 'commentEdit' }),
  ),
  'an extra instance fails, is not needed for a while, and then is again': one(
    [
      service({
        pool: 2,
        policy: 'always',
        life: { readyAfterMs: 300, hasMemoryLimit: true, rollout: { ...LIFE.rollout, unavailable: 0, surge: 2 } },
      }),
    ],
    after(5_000, { kind: 'bloat', which: null }),
    after(120, { kind: 'killOne', which: 3 }),
    after(330, { kind: 'killOne', which: 2 }),
    after(150, { kind: 'bloat', which: 2 }),
    after(450, { kind: 'killOne', which: 3 }),
  ),
  'of two on top, one ends while a pool that is rolled back still needs the other': one(
    [
      service(
        {
          pool: 2,
          graceMs: 1_000,
          life: { readyAfterMs: 1_000, rollout: { ...BACK, unavailable: 0, surge: 2, minReadyMs: 300 } },
        },
        { obeysAfterMs: null },
      ),
    ],
    after(3_000, { kind: 'changeSpec', service: 0 }),
    after(3_300, { kind: 'lateExits', byMs: 700, count: 1 }),
  ),
  'a task above its memory limit, with one on top': one(
    [service({ policy: 'never', life: { hasMemoryLimit: true, rollout: ONE_ON_TOP } })],
    after(0, changeAll),
    after(0, { kind: 'lateExits', byMs: 912, count: 1 }),
    after(100, { kind: 'bloat', which: null }),
    after(7_000, { kind: 'bloat', which: null }),
    after(7_000, { kind: 'commentEdit' }),
  ),
  'a pool above its memory limit, with one on top': one(
    [service({ pool: 2, life: { ...POOL, hasMemoryLimit: true, rollout: ONE_ON_TOP } })],
    after(7_000, { kind: 'bloat', which: null }),
    after(1_500, crash),
    after(20_000, { kind: 'commentEdit' }),
  ),
  'a new version dies once it has been ready': one(
    [service({ pool: 4, life: { ...POOL, broken: 'dies' } })],
    after(7_000, { kind: 'changeSpec', service: 0 }),
    after(20_000, { kind: 'setPool', service: 0, pool: 5 }),
    after(7_000, { kind: 'bloat', which: null }),
    after(7_000, { kind: 'changeSpec', service: 0 }),
  ),
  'a new version dies once it has been ready, and its supervisor': one(
    [service({ pool: 3, life: { ...POOL, broken: 'dies' } })],
    after(7_000, { kind: 'changeSpec', service: 0 }),
    after(7_000, crash),
    after(7_000, { kind: 'killOne', which: 2 }),
    after(7_000, { kind: 'upgrade' }),
  ),
  'half of a pool is stopped for a version that dies': one(
    [
      service(
        { pool: 4, graceMs: 1_000, life: { ...POOL, broken: 'crash', rollout: { ...LIFE.rollout, unavailable: 2 } } },
        { obeysAfterMs: 500 },
      ),
    ],
    after(7_000, { kind: 'changeSpec', service: 0 }),
    after(100, { kind: 'killOne', which: 0 }),
    after(7_000, { kind: 'commentEdit' }),
  ),
  'a task that has failed is rolled back before it starts in the new version': one(
    [service({ pool: 2, policy: 'never', life: { preparesMs: 1_500, rollout: BACK } })],
    killFirst,
    after(100, { kind: 'changeSpec', service: 0 }),
    after(7_000, { kind: 'commentEdit' }),
    after(1_000, { kind: 'restart', service: 0, instance: 1 }),
  ),
  'a task that has failed is rolled back from a version that fails': one(
    [service({ pool: 2, policy: 'never', life: { broken: 'crash', rollout: BACK } })],
    killFirst,
    after(0, { kind: 'changeSpec', service: 0 }),
    after(7_000, { kind: 'upgrade' }),
  ),
  'an instance in its back-off is rolled back from a version that crashes': one(
    [service({ pool: 2, life: { broken: 'crash', rollout: BACK } })],
    killFirst,
    after(0, { kind: 'changeSpec', service: 0 }),
    after(7_000, { kind: 'commentEdit' }),
  ),
  'an instance in its back-off is rolled back from a version that completes': one(
    [service({ pool: 2, successCodes: [0, 1], life: { broken: 'crash', rollout: BACK } })],
    killFirst,
    after(0, { kind: 'changeSpec', service: 0 }),
    after(7_000, { kind: 'commentEdit' }),
  ),
  'a task and what waits for it change together': one(
    [
      service({ policy: 'never' }, { endsAfterMs: 2_000 }),
      service({ pool: 2, life: POOL, dependsOn: [{ on: 0, condition: 'completed', onLoss: 'ignore' }] }),
    ],
    after(7_000, changeAll),
    after(500, { kind: 'killOne', which: 1 }),
    after(7_000, changeAll),
  ),
  'a task that fails and what waits for it change together': one(
    [
      service({ policy: 'never', life: { broken: 'crash' } }, { endsAfterMs: 500 }),
      service({ pool: 2, life: POOL, dependsOn: [{ on: 0, condition: 'completed', onLoss: 'ignore' }] }),
    ],
    after(7_000, changeAll),
    after(7_000, { kind: 'killOne', which: 0 }),
    after(7_000, { kind: 'changeSpec', service: 0 }),
  ),
  'a server and what waits for it change together': one(
    [
      service({ life: { hasReadiness: true } }, { answersAfterMs: 500 }),
      service({ pool: 2, life: POOL, dependsOn: [{ on: 0, condition: 'ready', onLoss: 'ignore' }] }),
      service({ pool: 2, life: POOL, dependsOn: [{ on: 1, condition: 'started', onLoss: 'restart' }] }),
    ],
    after(7_000, changeAll),
    after(20_000, { kind: 'restart', service: 0, instance: null }),
    after(0, { kind: 'restart', service: 1, instance: null }),
  ),
  'a watched file changes while a start waits on top': one(
    [service({ pool: 2, life: { broken: 'hangs', rollout: { ...ONE_ON_TOP, deadlineMs: 20_000 } } })],
    after(3_000, { kind: 'changeSpec', service: 0 }),
    after(1_500, { kind: 'editFile', service: 0 }),
    after(7_000, { kind: 'changeSpec', service: 0 }),
    after(1_500, { kind: 'changeSpec', service: 0 }),
    after(1_500, { kind: 'editFile', service: 0 }),
  ),
  'a watched file changes while one serves on top': one(
    [service({ pool: 2, life: { ...POOL, rollout: { ...ONE_ON_TOP, minReadyMs: 300, deadlineMs: 20_000 } } })],
    after(7_000, { kind: 'changeSpec', service: 0 }),
    after(500, { kind: 'editFile', service: 0 }),
  ),
};
