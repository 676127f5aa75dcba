// Scenarios written by hand: what a person does all day, and what once went wrong. Each is also crashed at every effect.
import type { Program } from './machine/processes.ts';
import type { Operation, Scenario, SimService, Step } from './scenario.ts';

const PROGRAM: Program = {
  endsAfterMs: null,
  exitCode: 0,
  obeysAfterMs: 20,
  child: null,
  forksWhenStopped: false,
};
const SERVICE: SimService = {
  pool: 1,
  policy: 'on_failure',
  graceMs: 100,
  limit: null,
  dependsOn: [],
  singleton: null,
  program: PROGRAM,
};

const service = (changes: Partial<SimService>, program: Partial<Program> = {}): SimService => ({
  ...SERVICE,
  ...changes,
  program: { ...PROGRAM, ...program },
});
const after = (afterMs: number, operation: Operation, project = 0): Step => ({ afterMs, project, operation });
const one = (services: SimService[], ...steps: Step[]): Scenario => ({ seed: 1, projects: [{ services }], steps });

const crash = { kind: 'crash', beforeEffect: null, upAfterMs: 20, ups: 1 } as const;
const STACK = [
  service({ pool: 1 }),
  service({ pool: 2, dependsOn: [{ on: 0, condition: 'ready' }] }),
  service({ pool: 1, dependsOn: [{ on: 1, condition: 'started' }] }, { obeysAfterMs: null }),
];
const SHARED = [service({ singleton: 'replace' })];

export const KNOWN_SCENARIOS: Record<string, Scenario> = {
  'start and stop a stack': one(STACK),
  'a new version of a pool': one([service({ pool: 4 })], after(200, { kind: 'changeSpec', service: 0 })),
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
  'a singleton taken over by another project': {
    seed: 1,
    projects: [{ services: SHARED }, { services: SHARED }],
    steps: [after(300, { kind: 'restart', service: 0, instance: null })],
  },
  'the clock is set back while no supervisor runs': one(
    [service({}, { endsAfterMs: 30, exitCode: 1 })],
    after(7_000, { ...crash, upAfterMs: 500 }),
    after(0, { kind: 'setClock', byMs: -31_536_000_000 }),
    after(1_500, { kind: 'commentEdit' }),
  ),
  'orch is upgraded': one(STACK, after(200, { kind: 'upgrade' }), after(100, { kind: 'commentEdit' })),
  'a fault of the supervisor': one(STACK, after(200, { kind: 'fault' }), after(7_000, { kind: 'fault' })),
  '.orch is deleted': one(STACK, after(200, { kind: 'deleteStateDir' }), after(1_500, { kind: 'up' })),
  '.orch is deleted, then the supervisor dies': one(
    STACK,
    after(200, { kind: 'deleteStateDir' }),
    after(100, { ...crash, ups: 3 }),
  ),
};
