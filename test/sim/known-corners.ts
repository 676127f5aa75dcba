// More scenarios written by hand, next to known-scenarios.ts: rare cells of the transition table, and what seeds found.
import { KNOWN_ROLLOUTS } from './known-rollouts.ts';
import { KNOWN_SEAMS } from './known-seams.ts';
import type { Scenario, SimLife, SimService } from './scenario.ts';
import { after, LIFE, one, service, several } from './scenario-parts.ts';

const FAILS = { endsAfterMs: 30, exitCode: 1 };
const CLINGING = { kind: 'member', obeysAfterMs: null } as const;
const TWO_ON_TOP: SimLife['rollout'] = { ...LIFE.rollout, unavailable: 0, surge: 2 };
const NEVER: SimService['policy'] = 'never';
/** They come to rest in back-off, completed, failed, and alive. */
const EACH_END = [
  service({}, FAILS),
  service({ policy: NEVER }, { endsAfterMs: 30 }),
  service({ policy: NEVER }, FAILS),
  service({}),
];
const PAIR = [service({}), service({ pool: 2 })];
const upFrom = (tag: string, env: string | null, consents: boolean) =>
  ({ kind: 'upFrom', shell: { tag, env }, consents }) as const;
const EVERY_5_S = { everyS: 5, catchUp: false, overlap: 'skip' } as const;

/** `port: auto`. */
const CHOSEN_PORT = { readyAfterMs: 300 };

export const KNOWN_CORNERS: Record<string, Scenario> = {
  'watched files are edited, over an edit, an upgrade and a crash': one(
    [service({ pool: 2 }), service({})],
    after(400, { kind: 'editFile', service: 0 }),
    after(7_000, { kind: 'changeLive', service: 0 }),
    after(7_000, { kind: 'editFile', service: 0 }),
    after(7_000, { kind: 'upgrade' }),
    after(7_000, { kind: 'editFile', service: 1 }),
    after(7_000, { kind: 'crash', beforeEffect: null, upAfterMs: 20, ups: 1 }),
    after(7_000, { kind: 'editFile', service: 1 }),
  ),
  'edited, then restarted and started by command where nothing runs': one(
    EACH_END,
    after(1_500, { kind: 'stop', service: 3, instance: null }),
    ...[0, 1, 2, 3].map((index) => after(100, { kind: 'changeLive', service: index })),
    ...[0, 1, 2, 3].map((index) => after(100, { kind: 'restart', service: index, instance: null })),
    after(1_500, { kind: 'stop', service: 3, instance: null }),
    ...[0, 1, 2, 3].map((index) => after(100, { kind: 'start', service: index, instance: null })),
    after(1, { kind: 'start', service: 3, instance: null }),
    after(100, { kind: 'start', service: 3, instance: null }),
  ),
  'down with a timeout in every phase': {
    ...several(
      [
        [
          service({ policy: 'always' }, { endsAfterMs: 30 }),
          ...EACH_END.slice(1),
          service({ graceMs: 1_000 }, { obeysAfterMs: null }),
          service({ singleton: 'refuse' }),
        ],
        [service({ singleton: 'refuse' })],
      ],
      after(1_500, { kind: 'stop', service: 3, instance: null }),
      after(100, { kind: 'changeLive', service: 4 }),
    ),
    downTimeoutMs: 100,
  },
  'a start that waits for a singleton is edited, then given up': several(
    [
      [service({ singleton: 'replace', graceMs: 1_000 })],
      [service({ singleton: 'replace', graceMs: 1_000 }, { obeysAfterMs: null })],
    ],
    after(500, { kind: 'restart', service: 0, instance: null }, 1),
    after(1_500, { kind: 'changeLive', service: 0 }),
    after(200, { kind: 'restart', service: 0, instance: null }),
    after(100, { kind: 'changeLive', service: 0 }),
    after(200, { kind: 'remove', service: 0 }),
  ),
  'scheduled, and fails': one(
    [
      service({ schedule: EVERY_5_S }, FAILS),
      service({ schedule: EVERY_5_S, policy: NEVER }, FAILS),
      service({ schedule: EVERY_5_S, limit: { count: 1, withinMs: 60_000 } }, FAILS),
    ],
    after(20_000, { kind: 'commentEdit' }),
  ),
  'programs that are not there': one(
    [service({ pool: 2 })],
    after(0, { kind: 'failSpawns', errno: 'ENOENT', count: 5 }),
  ),
  'edited while it stops': one(
    [service({ graceMs: 1_000 }, { obeysAfterMs: null })],
    after(500, { kind: 'restart', service: 0, instance: null }),
    after(200, { kind: 'changeLive', service: 0 }),
  ),
  'of two on top one cannot be started': one(
    [service({ pool: 2, life: { rollout: TWO_ON_TOP } })],
    after(0, { kind: 'changeSpec', service: 0 }),
    after(5, { kind: 'failSpawns', errno: 'ENOENT', count: 1 }),
    after(1_500, { kind: 'commentEdit' }),
  ),
  'of two on top one is given up': one(
    [service({ pool: 2, policy: NEVER, life: { rollout: TWO_ON_TOP } })],
    after(500, { kind: 'changeSpec', service: 0 }),
    after(1, { kind: 'failSpawns', errno: 'ENOENT', count: 1 }),
    after(1_500, { kind: 'commentEdit' }),
  ),
  'a scheduled pool with two on top is restarted': one(
    [service({ pool: 2, schedule: EVERY_5_S, life: { rollout: TWO_ON_TOP } })],
    after(7_000, { kind: 'restart', service: 0, instance: 1 }),
  ),
  'restarted, and what it depends on is gone': one(
    [
      service({}),
      service({ life: { rollout: TWO_ON_TOP }, dependsOn: [{ on: 0, condition: 'started', onLoss: 'ignore' }] }),
      service({ pool: 2, dependsOn: [{ on: 0, condition: 'started', onLoss: 'ignore' }] }),
    ],
    after(500, { kind: 'stop', service: 0, instance: null }),
    after(500, { kind: 'restart', service: 1, instance: null }),
    after(0, { kind: 'restart', service: 2, instance: 1 }),
  ),
  'held stopped while it has no instance, then a fault': one(
    [service({ pool: 0 })],
    after(500, { kind: 'stop', service: 0, instance: null }),
    after(1_500, { kind: 'fault' }),
    after(1_500, { kind: 'setPool', service: 0, pool: 1 }),
  ),
  'a task exits unseen after the state was spoiled, then a fault': one(
    [service({ policy: NEVER }, { endsAfterMs: 7_900, exitCode: 1 })],
    after(0, { kind: 'loseExits', count: 1 }),
    after(1_500, { kind: 'spoilState', how: 'truncated' }),
    after(7_000, { kind: 'fault' }),
  ),
  'a restart command while its own exit is cleared': one(
    [
      service({ policy: NEVER, graceMs: 1_000 }, { endsAfterMs: 30, child: CLINGING }),
      service({ policy: NEVER, graceMs: 1_000 }, { ...FAILS, child: CLINGING }),
    ],
    after(500, { kind: 'restart', service: 0, instance: null }),
    after(0, { kind: 'restart', service: 1, instance: null }),
  ),
  'edited, and restarted by command, while its start waits': one(
    [service({ pool: 2, life: { broken: 'hangs' } }), service({ life: { broken: 'hangs' } })],
    after(500, { kind: 'changeSpec', service: 0 }),
    after(0, { kind: 'changeSpec', service: 1 }),
    after(1_500, { kind: 'restart', service: 0, instance: null }),
    after(1_500, { kind: 'changeSpec', service: 0 }),
    after(0, { kind: 'restart', service: 1, instance: null }),
  ),
  'a configuration that was read before the last edit arrives late': one(
    [service({})],
    after(1_000, { kind: 'crash', beforeEffect: null, upAfterMs: 500, ups: 3 }),
    after(520, { kind: 'deleteStateDir' }),
    after(0, { kind: 'changeSpec', service: 0 }),
  ),
  'from another shell, then edited': one(
    PAIR,
    after(500, upFrom('01', null, false)),
    after(1_500, { kind: 'commentEdit' }),
    after(1_500, { kind: 'setPool', service: 0, pool: 2 }),
    after(1_500, upFrom('02', 'prod', false)),
    after(0, { kind: 'restart', service: 0, instance: null }),
  ),
  'from another shell, then upgraded': one(
    PAIR,
    after(500, upFrom('01', 'prod', true)),
    after(1_500, { kind: 'upgrade' }),
    after(1_500, { kind: 'setPool', service: 0, pool: 2 }),
  ),
  'from another shell, then a fault': one(
    PAIR,
    after(500, upFrom('01', 'prod', true)),
    after(1_500, { kind: 'fault' }),
    after(1_500, { kind: 'commentEdit' }),
    after(1_500, { kind: 'setPool', service: 0, pool: 2 }),
  ),
  'killed, then up for another environment': one(
    PAIR,
    after(500, upFrom('01', 'prod', true)),
    after(7_000, { kind: 'crash', beforeEffect: null, upAfterMs: 4_000, ups: 1 }),
    after(300, upFrom('02', null, false)),
    after(500, upFrom('02', 'prod', false)),
  ),
  'an `up` from another shell just after a fault': one(
    PAIR,
    after(500, { kind: 'fault' }),
    after(0, upFrom('01', null, false)),
    after(0, { kind: 'changeSpec', service: 1 }),
    after(1_500, { kind: 'commentEdit' }),
  ),
  'an adopted instance ends unseen just before it would be ready': one(
    [
      service({ policy: 'always', life: { readyAfterMs: 1_000 } }),
      service({ dependsOn: [{ on: 0, condition: 'ready', onLoss: 'ignore' }], life: { preparesMs: 1_500 } }),
    ],
    after(100, { kind: 'fault' }),
    after(800, { kind: 'killOne', which: 0 }),
  ),
  'a crash loop, over a roll-back with two on top': one(
    [
      service(
        { policy: 'always', life: { preparesMs: 1_500, rollout: { ...TWO_ON_TOP, onFailure: 'rollback' } } },
        { endsAfterMs: 100 },
      ),
    ],
    after(1_500, { kind: 'changeSpec', service: 0 }),
  ),
  'of two on top both crash, one unseen': one(
    [
      service(
        {
          pool: 2,
          policy: 'always',
          life: { hasReadiness: true, broken: 'crash', rollout: { ...TWO_ON_TOP, unavailable: 1 } },
        },
        { obeysAfterMs: null, answersAfterMs: 0 },
      ),
    ],
    after(500, { kind: 'lateExits', count: 1, byMs: 2_169 }),
    after(0, { kind: 'changeSpec', service: 0 }),
  ),
  'none may be missing, over a fault': one(
    [service({ policy: 'always', graceMs: 0, life: { hasReadiness: true, rollout: TWO_ON_TOP } })],
    after(100, { kind: 'fault' }),
  ),
  'the port of a stopped service is taken, and its dependents follow': one(
    [
      service({ pool: 2, life: CHOSEN_PORT }),
      service({ pool: 2, dependsOn: [{ on: 0, condition: 'started', onLoss: 'ignore' }] }),
      service({ dependsOn: [{ on: 0, condition: 'started', onLoss: 'ignore' }] }),
    ],
    after(1_500, { kind: 'changeLive', service: 1 }),
    after(200, { kind: 'stop', service: 0, instance: null }),
    after(1_500, { kind: 'strangers', count: 2, liveMs: 200_000 }),
    after(200, { kind: 'start', service: 0, instance: null }),
    after(1_500, { kind: 'commentEdit' }),
  ),
  'ports of instances that are scaled away, over two supervisors': one(
    [service({ pool: 3, life: CHOSEN_PORT }), service({ pool: 2, life: CHOSEN_PORT })],
    after(1_500, { kind: 'setPool', service: 0, pool: 1 }),
    after(1_500, { kind: 'crash', beforeEffect: null, upAfterMs: 20, ups: 1 }),
    after(1_500, { kind: 'upgrade' }),
    after(1_500, { kind: 'setPool', service: 0, pool: 3 }),
  ),
  'chosen ports when the state is lost': one(
    [service({ pool: 3, life: CHOSEN_PORT })],
    after(1_500, { kind: 'stop', service: 0, instance: 1 }),
    after(1_500, { kind: 'start', service: 0, instance: 1 }),
    after(1_500, { kind: 'crash', beforeEffect: null, upAfterMs: 200, ups: 1 }),
    after(20, { kind: 'spoilState', how: 'garbage' }),
  ),
  ...KNOWN_ROLLOUTS,
  ...KNOWN_SEAMS,
  'short fits': one(
    Array.from({ length: 4 }, () => service({ pool: 4, life: { hasLiveness: true } })),
    after(1_500, { kind: 'commentEdit' }),
    ...Array.from({ length: 16 }, (_, which) => after(40, { kind: 'sicken', which, forMs: 50 })),
  ),
};
