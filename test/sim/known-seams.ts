// Scenarios written by hand: where two features meet, as seeds found it. A roll-out and a port, a lost state, a key of a
// singleton, a task; a schedule and a dependency.
import type { Scenario, SimLife, SimService } from './scenario.ts';
import { after, LIFE, one, service, several } from './scenario-parts.ts';

const BACK: SimLife['rollout'] = { ...LIFE.rollout, onFailure: 'rollback' };
const ONE_ON_TOP: SimLife['rollout'] = { ...LIFE.rollout, unavailable: 0, surge: 1, deadlineMs: 20_000 };
const changeFirst = { kind: 'changeSpec', service: 0 } as const;
const STARTED: SimService['dependsOn'] = [{ on: 0, condition: 'started', onLoss: 'ignore' }];
const HOLDS: SimService['dependsOn'] = [{ on: 0, condition: 'started', onLoss: 'hold' }];
const everyS = (seconds: number) => ({ everyS: seconds, catchUp: false, overlap: 'skip' }) as const;

/** The key of a pool of one is taken over by another project while an edit waits for its dependents to stop. */
const takenOver = (
  policy: SimService['policy'],
  life: Partial<SimLife> = { rollout: BACK },
  onConflict: SimService['singleton'] = 'replace',
): Scenario =>
  several(
    [
      [
        service({ policy, singleton: onConflict, life }, { obeysAfterMs: null }),
        service({ graceMs: 1_000, dependsOn: HOLDS }, { obeysAfterMs: null }),
      ],
      [
        service({
          singleton: 'replace',
          graceMs: 200,
          isManual: true,
          life: { preparesMs: onConflict === 'refuse' ? null : 1_500 },
        }),
      ],
    ],
    after(3_000, { kind: 'start', service: 0, instance: null }, 1),
    after(0, changeFirst),
    after(7_000, { kind: 'commentEdit' }),
  );

export const KNOWN_SEAMS: Record<string, Scenario> = {
  'a pool whose chosen ports are used is scaled away': one(
    [service({ pool: 0, life: { readyAfterMs: 300 } }), service({ pool: 0 }), service({ dependsOn: STARTED })],
    after(100, { kind: 'scale', service: 0, pool: 1 }),
    after(100, { kind: 'scale', service: 0, pool: null }),
  ),
  'what a pool depends on is scaled away before its roll-out is done': one(
    [service({}), service({ dependsOn: STARTED, life: { rollout: { ...LIFE.rollout, minReadyMs: 1_000 } } })],
    after(1_500, { kind: 'changeSpec', service: 1 }),
    after(500, { kind: 'setPool', service: 0, pool: 0 }),
  ),
  'an instance that has completed is rolled back from a version that crashes': one(
    [service({ life: { broken: 'crash', rollout: BACK } }, { endsAfterMs: 1_500 })],
    after(7_000, { kind: 'setPool', service: 0, pool: 4 }),
    after(1_400, changeFirst),
    after(7_000, { kind: 'commentEdit' }),
  ),
  'half of a pool crashes in a version that is rolled back while the rest stops slowly': one(
    [
      service(
        { pool: 4, graceMs: 1_000, life: { broken: 'crash', rollout: { ...BACK, unavailable: 2 } } },
        { obeysAfterMs: 900 },
      ),
    ],
    after(7_000, changeFirst),
    after(7_000, { kind: 'commentEdit' }),
  ),
  'the state is lost, and the file edited, before an instance was ready': one(
    [
      service({ life: { hasReadiness: true } }, { answersAfterMs: 2_000, obeysAfterMs: 500 }),
      service({ dependsOn: [{ on: 0, condition: 'ready', onLoss: 'ignore' }] }),
    ],
    after(1_000, { kind: 'changeAll' }),
    after(0, { kind: 'deleteStateDir' }),
    after(0, { kind: 'crash', beforeEffect: null, upAfterMs: 0, ups: 0 }),
  ),
  'a scheduled run is asked for, and waits for what it depends on': one(
    [
      service({ schedule: everyS(15) }, { endsAfterMs: 1_000 }),
      service({ schedule: { ...everyS(60), overlap: 'queue' }, dependsOn: STARTED }, { endsAfterMs: 1_000 }),
    ],
    after(200, { kind: 'restart', service: 1, instance: null }),
    after(20_000, { kind: 'commentEdit' }),
  ),
  'a task whose key was taken over is rolled back': takenOver('never'),
  'a singleton whose key was taken over is rolled back': takenOver('always'),
  'a singleton whose key was taken over is rolled back from a version that crashes': takenOver('always', {
    broken: 'crash',
    rollout: { ...BACK, minReadyMs: 300, deadlineMs: 20_000 },
  }),
  'a singleton that refuses loses its key, and is rolled back': takenOver('always', undefined, 'refuse'),
  'a task completes while its key is taken over': several(
    [
      [
        service({ policy: 'never', singleton: 'replace', graceMs: 1_000 }, { endsAfterMs: 3_100, obeysAfterMs: null }),
        service({ dependsOn: [{ on: 0, condition: 'completed', onLoss: 'ignore' }] }),
      ],
      [service({ singleton: 'replace', graceMs: 1_000, isManual: true })],
    ],
    after(3_000, { kind: 'start', service: 0, instance: null }, 1),
    after(7_000, { kind: 'commentEdit' }),
  ),
  'a pool and what it follows, both with one on top, change together': one(
    [
      service({ pool: 2, life: { readyAfterMs: 300, rollout: { ...ONE_ON_TOP, minReadyMs: 1_000 } } }),
      service({
        life: { hasReadiness: true, rollout: ONE_ON_TOP },
        dependsOn: [{ on: 0, condition: 'ready', onLoss: 'restart' }],
      }),
    ],
    after(7_000, { kind: 'changeAll' }),
    after(7_000, { kind: 'commentEdit' }),
  ),
  'edited again while what is on top serves for the pool': one(
    [service({ life: { readyAfterMs: 1_000, rollout: ONE_ON_TOP } })],
    after(7_000, changeFirst),
    after(1_800, changeFirst),
    after(7_000, { kind: 'commentEdit' }),
  ),
  'a service with one on top becomes a task': one(
    [service({ pool: 3, taskMs: 300, life: { readyAfterMs: 1_000, rollout: { ...ONE_ON_TOP, deadlineMs: 5_000 } } })],
    after(7_000, changeFirst),
    after(20_000, { kind: 'commentEdit' }),
  ),
  'a task is edited back to the version that completed, and another project has its key': several(
    [
      [service({ pool: 0 }), service({ policy: 'never', singleton: 'refuse' }, { endsAfterMs: 100 })],
      [service({ singleton: 'replace', isManual: true })],
    ],
    after(1_500, { kind: 'start', service: 0, instance: null }, 1),
    // Every second service refers to the tag.
    after(1_500, { kind: 'upFrom', shell: { tag: '02', env: null }, consents: true }),
    after(7_000, { kind: 'upFrom', shell: { tag: '00', env: null }, consents: true }),
    after(7_000, { kind: 'commentEdit' }),
  ),
  'a dependency is stopped while the start of its dependent is recorded': one(
    [service({}), service({ dependsOn: HOLDS, isManual: true })],
    ...[1, 2, 3].flatMap((ms) => [
      after(1_500, { kind: 'start', service: 1, instance: null }),
      after(ms, { kind: 'stop', service: 0, instance: null }),
      after(1_500, { kind: 'start', service: 0, instance: null }),
      after(1_500, { kind: 'stop', service: 1, instance: null }),
    ]),
  ),
  'one dependent has stopped, the other is slow, and what they depend on waits for both': one(
    [service({}), service({ pool: 2, graceMs: 1_000, dependsOn: HOLDS }, { obeysAfterMs: null })],
    after(1_500, changeFirst),
    after(300, { kind: 'killOne', which: 1 }),
  ),
  'a program that ends again and again, with one on top, follows a service that is rolled back': one(
    [
      service({ life: { preparesMs: 1_500, rollout: BACK } }),
      service(
        {
          policy: 'always',
          dependsOn: STARTED,
          life: { broken: 'dies', rollout: { ...ONE_ON_TOP, deadlineMs: 1_500 } },
        },
        { endsAfterMs: 400 },
      ),
    ],
    // The last step: from then on, its newer version does not die.
    after(1_700, { kind: 'changeAll' }),
  ),
  'what a pool depends on is replaced every 5 s, and the newer version never starts': one(
    [
      service({ schedule: { ...everyS(5), overlap: 'replace' } }),
      service({
        pool: 2,
        dependsOn: STARTED,
        life: { broken: 'hangs', rollout: { ...LIFE.rollout, deadlineMs: 20_000 } },
      }),
    ],
    after(7_000, { kind: 'changeSpec', service: 1 }),
    after(1_500, { kind: 'crash', beforeEffect: null, upAfterMs: 20, ups: 1 }),
  ),
  'what a pool depends on fails while one of the pool is replaced': one(
    [
      service({ policy: 'never', life: { broken: 'crash' } }),
      service(
        {
          pool: 2,
          graceMs: 500,
          dependsOn: STARTED,
          life: { rollout: { ...ONE_ON_TOP, unavailable: 1, deadlineMs: 1_500 } },
        },
        { obeysAfterMs: null },
      ),
    ],
    after(1_500, { kind: 'changeAll' }),
    after(300, { kind: 'commentEdit' }),
  ),
  'a service with two on top becomes a long task, and a service again': one(
    [service({ pool: 3, taskMs: 2_000, life: { readyAfterMs: 300, rollout: { ...ONE_ON_TOP, surge: 2 } } })],
    after(7_000, changeFirst),
    after(3_000, changeFirst),
    after(7_000, { kind: 'commentEdit' }),
  ),
};
