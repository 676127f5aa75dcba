// Scenarios written by hand: what a person does all day, and what once went wrong. Each is also crashed at every effect.
import { KNOWN_CORNERS } from './known-corners.ts';
import { KNOWN_ENDS } from './known-ends.ts';
import { KNOWN_HOLDS } from './known-holds.ts';
import { KNOWN_PORTS } from './known-ports.ts';
import { KNOWN_REVIVALS } from './known-revivals.ts';
import type { Scenario, SimLife } from './scenario.ts';
import { after, LIFE, one, service, several } from './scenario-parts.ts';

const crash = { kind: 'crash', beforeEffect: null, upAfterMs: 20, ups: 1 } as const;
const DISK_FULL = { kind: 'failSaves', count: 100 } as const;
const ON_TOP: SimLife['rollout'] = { ...LIFE.rollout, unavailable: 0, surge: 1, minReadyMs: 300 };
const STACK = [
  service({ pool: 1 }),
  service({ pool: 2, dependsOn: [{ on: 0, condition: 'ready', onLoss: 'ignore' }] }),
  service({ pool: 1, dependsOn: [{ on: 1, condition: 'started', onLoss: 'ignore' }] }, { obeysAfterMs: null }),
];
const SHARED = [service({ singleton: 'replace' })];

export const KNOWN_SCENARIOS: Record<string, Scenario> = {
  ...KNOWN_ENDS,
  ...KNOWN_HOLDS,
  'start and stop a stack': one(STACK),
  'a new version of a pool': one([service({ pool: 4 })], after(200, { kind: 'changeSpec', service: 0 })),
  'a new version with one on top, each drained': one(
    [service({ pool: 3, life: { hasReadiness: true, rollout: ON_TOP, drain: { by: 'http', timeoutMs: 1_000 } } })],
    after(400, { kind: 'changeSpec', service: 0 }),
    after(1_500, { kind: 'commentEdit' }),
  ),
  'a new version that never gets ready is paused': one(
    [service({ pool: 3, life: { hasReadiness: true, broken: 'unready' } })],
    after(400, { kind: 'changeSpec', service: 0 }),
    after(7_000, { kind: 'killOne', which: 2 }),
    after(7_000, { kind: 'changeSpec', service: 0 }),
  ),
  'a new version that crashes is rolled back': one(
    [
      service({
        pool: 3,
        life: { hasReadiness: true, broken: 'crash', rollout: { ...LIFE.rollout, onFailure: 'rollback' } },
      }),
    ],
    after(400, { kind: 'changeSpec', service: 0 }),
    after(7_000, { kind: 'restart', service: 0, instance: null }),
    after(7_000, { kind: 'commentEdit' }),
  ),
  'an instance that stays unhealthy': one(
    [service({ pool: 2, life: { hasReadiness: true, hasLiveness: true } }, { obeysAfterMs: null })],
    after(400, { kind: 'sicken', which: 1, forMs: null }),
    after(1_500, { kind: 'commentEdit' }),
  ),
  'an instance that is not ready for a while, and its dependents': one(
    [
      service({ life: { hasReadiness: true } }),
      service({ dependsOn: [{ on: 0, condition: 'ready', onLoss: 'hold' }] }),
    ],
    after(400, { kind: 'sicken', which: 0, forMs: 1_500 }),
    after(7_000, { kind: 'restart', service: 0, instance: null }),
    after(1_500, { kind: 'stop', service: 0, instance: null }),
  ),
  'dependents that are renewed with what they depend on': one(
    [
      service({ pool: 2 }),
      service({ pool: 2, dependsOn: [{ on: 0, condition: 'started', onLoss: 'restart' }] }),
      service({ dependsOn: [{ on: 1, condition: 'started', onLoss: 'restart' }] }),
    ],
    after(1_500, { kind: 'changeSpec', service: 0 }),
    after(1_500, { kind: 'restart', service: 0, instance: 1 }),
  ),
  'restarted while it starts': one(
    [service({ pool: 2 })],
    ...Array.from({ length: 12 }, () => after(1, { kind: 'restart', service: 0, instance: null })),
  ),
  'every step of a stop': one(
    [
      service(
        { pool: 2, life: { drain: { by: 'http', timeoutMs: 200 }, escalates: true } },
        { obeysAfterMs: null, drainsInMs: null },
      ),
    ],
    after(400, { kind: 'setPool', service: 0, pool: 1 }),
    after(1_500, { kind: 'stop', service: 0, instance: null }),
  ),
  'scaled up and down': one(
    [service({ pool: 1 })],
    after(200, { kind: 'setPool', service: 0, pool: 4 }),
    after(200, { kind: 'setPool', service: 0, pool: 0 }),
  ),
  'removed while it runs, and put back': one(
    STACK,
    after(200, { kind: 'remove', service: 1 }),
    after(60, { kind: 'restore', service: 1 }),
  ),
  'up of one service': one(STACK, after(200, { kind: 'upOne', service: 1 })),
  'stopped, started and restarted by hand': one(
    STACK,
    after(200, { kind: 'stop', service: 1, instance: null }),
    after(300, { kind: 'start', service: 1, instance: 2 }),
    after(300, { kind: 'restart', service: 0, instance: null }),
  ),
  'a program that crashes': one([service({}, { endsAfterMs: 30, exitCode: 1 })], after(1_500, { kind: 'commentEdit' })),
  'a task': one([service({ policy: 'never' }, { endsAfterMs: 100 })], after(1_500, { kind: 'commentEdit' })),
  'a tree that does not obey': one(
    [
      service(
        { pool: 2 },
        { obeysAfterMs: null, child: { kind: 'session', obeysAfterMs: null }, forksWhenStopped: true },
      ),
    ],
    after(200, { kind: 'restart', service: 0, instance: null }),
  ),
  'a main process that leaves a daemon behind': one(
    [service({ pool: 1 }, { endsAfterMs: 24, child: { kind: 'session', obeysAfterMs: null } })],
    after(30, crash),
  ),
  'recycled pids on a busy machine': one(
    [
      service({ pool: 4, graceMs: 1_000 }, { obeysAfterMs: 15, child: { kind: 'session', obeysAfterMs: 12 } }),
      service(
        { pool: 4 },
        { obeysAfterMs: 25, endsAfterMs: 60, exitCode: 1, child: { kind: 'session', obeysAfterMs: 9 } },
      ),
    ],
    after(0, { kind: 'recycle', count: 200 }),
    after(0, { kind: 'load', forMs: 20_000 }),
    ...Array.from({ length: 12 }, (_, index) => after(150, { kind: 'restart', service: 0, instance: 1 + (index % 4) })),
  ),
  'programs that cannot be started': one(
    [service({ pool: 2 })],
    after(0, { kind: 'failSpawns', errno: 'EAGAIN', count: 5 }),
  ),
  'a bad edit, a crash, a good edit': one(
    STACK,
    after(200, { kind: 'badEdit', how: 'torn' }),
    after(100, crash),
    after(500, { kind: 'goodEdit' }),
    after(100, { kind: 'up' }),
  ),
  'a singleton taken over by another project': several(
    [SHARED, SHARED],
    after(300, { kind: 'restart', service: 0, instance: null }),
  ),
  'the clock is set back while no supervisor runs': one(
    [service({}, { endsAfterMs: 30, exitCode: 1 })],
    after(7_000, { ...crash, upAfterMs: 500 }),
    after(0, { kind: 'setClock', byMs: -31_536_000_000 }),
    after(1_500, { kind: 'commentEdit' }),
  ),
  'lost and late exits': one(
    [service({ pool: 3, policy: 'always' }, { endsAfterMs: 3_000 })],
    after(0, { kind: 'loseExits', count: 2 }),
    after(7_000, { kind: 'lateExits', count: 2, byMs: 3_000 }),
    after(7_000, { kind: 'commentEdit' }),
  ),
  'a task that fails, and one that is given up': one(
    [
      service({ policy: 'never' }, { endsAfterMs: 50, exitCode: 1 }),
      service({ limit: { count: 2, withinMs: 60_000 } }, { endsAfterMs: 20, exitCode: 1 }),
    ],
    after(7_000, { kind: 'commentEdit' }),
  ),
  'held stopped over a crash': one(
    STACK,
    after(200, { kind: 'stop', service: 2, instance: null }),
    after(1_500, crash),
  ),
  'ends while no supervisor lives': one(
    [service({ pool: 3 }, { endsAfterMs: 1_000, exitCode: 1, child: { kind: 'session', obeysAfterMs: null } })],
    after(900, { ...crash, upAfterMs: 4_000 }),
    after(7_000, { kind: 'commentEdit' }),
  ),
  'removed while no supervisor lives': one(
    STACK,
    after(500, { ...crash, upAfterMs: 4_000 }),
    after(100, { kind: 'remove', service: 2 }),
    after(100, { kind: 'setPool', service: 1, pool: 1 }),
    after(7_000, { kind: 'commentEdit' }),
  ),
  'edits without a file event': one(
    STACK,
    after(200, { kind: 'loseWatchEvents', count: 3 }),
    after(10, { kind: 'changeSpec', service: 1 }),
    after(7_000, { kind: 'changeLive', service: 1 }),
    after(7_000, { kind: 'changeLive', service: 0 }),
  ),
  'every bad edit': one(
    STACK,
    ...(['torn', 'empty', 'missing', 'unreadable', 'invalid', 'fifo'] as const).map((how) =>
      after(1_500, { kind: 'badEdit', how }),
    ),
  ),
  'two at once': one(STACK, after(200, { ...crash, upAfterMs: 1, ups: 3 })),
  'the state is lost': one(
    STACK,
    after(400, { kind: 'spoilState', how: 'garbage' }),
    after(1, { ...crash, upAfterMs: 20 }),
    after(1_500, { kind: 'commentEdit' }),
  ),
  'a full disk': one(
    STACK,
    after(0, { kind: 'failSaves', count: 20 }),
    after(200, { kind: 'changeSpec', service: 1 }),
    after(1_500, crash),
  ),
  'orch is upgraded': one(STACK, after(200, { kind: 'upgrade' }), after(100, { kind: 'commentEdit' })),
  'a fault of the supervisor': one(STACK, after(200, { kind: 'fault' }), after(7_000, { kind: 'fault' })),
  '.orch is deleted': one(STACK, after(200, { kind: 'deleteStateDir' }), after(1_500, { kind: 'up' })),
  '.orch is deleted, then the supervisor dies': one(
    STACK,
    after(200, { kind: 'deleteStateDir' }),
    after(100, { ...crash, ups: 3 }),
  ),
  'the disk is full while a program that failed starts again': one(
    [service({}, { endsAfterMs: 3_000, exitCode: 1 })],
    after(9_600, DISK_FULL),
    after(900, crash),
  ),
  'the disk is full while a task is begun again': one(
    [service({}, { endsAfterMs: 1_000 }), service({ policy: 'never' }, { endsAfterMs: 1_000, exitCode: 1 })],
    after(1_500, DISK_FULL),
    after(1, { kind: 'start', service: 0, instance: null }),
    after(1, { kind: 'start', service: 1, instance: null }),
    after(100, crash),
  ),
  'the disk is full while a singleton that was refused starts': several(
    [SHARED, [service({ singleton: 'refuse' })]],
    after(500, DISK_FULL, 1),
    after(1, { kind: 'stop', service: 0, instance: null }),
    after(500, { kind: 'start', service: 0, instance: null }, 1),
    after(100, crash, 1),
  ),
  'a start command in every state': one(
    [
      service({}, { endsAfterMs: 30, exitCode: 1 }),
      service({ policy: 'never' }, { endsAfterMs: 30, exitCode: 1 }),
      service({ graceMs: 1_000 }, { obeysAfterMs: null }),
    ],
    after(1_500, { kind: 'start', service: 0, instance: null }),
    after(1, { kind: 'start', service: 1, instance: null }),
    after(1_500, { kind: 'restart', service: 1, instance: null }),
    after(1, { kind: 'restart', service: 2, instance: null }),
    after(200, { kind: 'start', service: 2, instance: null }),
  ),
  'unhealthy, and exits by itself at the same moment': one(
    [1_628, 1_637, 1_632, 1_632].map((endsAfterMs) =>
      service({ pool: 4, life: { hasLiveness: true } }, { endsAfterMs, exitCode: 1 }),
    ),
    after(400, { kind: 'sicken', which: 0, forMs: null }),
    ...Array.from({ length: 15 }, (_, index) => after(0, { kind: 'sicken', which: index + 1, forMs: null })),
    after(1_500, { kind: 'commentEdit' }),
  ),
  'scheduled, each way to overlap': one(
    (['skip', 'queue', 'replace'] as const).map((overlap) =>
      service({ schedule: { everyS: 5, catchUp: false, overlap } }, { endsAfterMs: 7_000 }),
    ),
    after(20_000, { kind: 'restart', service: 0, instance: null }),
  ),
  'scheduled, and missed while no supervisor ran': one(
    [true, false].map((catchUp) =>
      service({ schedule: { everyS: 60, catchUp, overlap: 'skip' } }, { endsAfterMs: 1_000, exitCode: 0 }),
    ),
    // Without a supervisor that comes back by itself.
    after(500, { kind: 'upFrom', shell: { tag: '02', env: null }, consents: true }),
    after(65_000, { ...crash, upAfterMs: 70_000 }),
    after(90_000, { kind: 'commentEdit' }),
  ),
  'scheduled, and the clock is set': one(
    [service({ schedule: { everyS: 15, catchUp: true, overlap: 'skip' } }, { endsAfterMs: 1_000 })],
    after(20_000, { kind: 'setClock', byMs: 3_600_000 }),
    after(20_000, crash),
    after(20_000, { kind: 'setClock', byMs: -31_536_000_000 }),
    after(20_000, { kind: 'commentEdit' }),
  ),
  'a scheduled singleton that is refused': several(
    [SHARED, [service({ singleton: 'refuse', schedule: { everyS: 15, catchUp: false, overlap: 'skip' } })]],
    after(16_000, { kind: 'setClock', byMs: -31_536_000_000 }),
    after(20_000, { kind: 'stop', service: 0, instance: null }),
    after(20_000, { kind: 'commentEdit' }),
  ),
  'a new version that gets ready after its deadline': one(
    [service({ pool: 2, life: { hasReadiness: true } }, { answersAfterMs: 3_000 })],
    after(7_000, { kind: 'changeSpec', service: 0 }),
    after(20_000, { kind: 'commentEdit' }),
  ),
  'an unhealthy instance without liveness probe': one(
    [service({ life: { hasReadiness: true } })],
    after(1_500, { kind: 'sicken', which: 0, forMs: null }),
  ),
  'each restarted at another moment of its start': one(
    Array.from({ length: 12 }, () => service({})),
    ...Array.from({ length: 12 }, (_, index) => after(1, { kind: 'restart', service: index, instance: null })),
  ),
  'down with a timeout': {
    ...one([service({ pool: 2, graceMs: 1_000 }, { obeysAfterMs: null }), ...STACK.slice(1)]),
    downTimeoutMs: 100,
  },
  ...KNOWN_CORNERS,
  ...KNOWN_REVIVALS,
  ...KNOWN_PORTS,
};
