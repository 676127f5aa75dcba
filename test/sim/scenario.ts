// What can happen in a simulated run: the declared services, their programs, and a list of edits, commands and faults.
import fc from 'fast-check';
import type { DependencyCondition, RestartPolicy } from '../../src/core/model.ts';
import type { Program } from './world.ts';

export type SimService = {
  pool: number;
  policy: RestartPolicy['policy'];
  graceMs: number;
  limit: RestartPolicy['limit'];
  /** Indexes of earlier services, so that there is no cycle. */
  dependsOn: { on: number; condition: DependencyCondition }[];
  program: Program;
};

export type Operation =
  | { kind: 'setPool'; service: number; pool: number }
  | { kind: 'changeSpec'; service: number }
  | { kind: 'remove'; service: number }
  | { kind: 'restore'; service: number }
  | { kind: 'commentEdit' }
  | { kind: 'badEdit' }
  | { kind: 'stop' | 'start' | 'restart'; service: number }
  | { kind: 'killOne'; which: number }
  | { kind: 'crashSupervisor' }
  | { kind: 'failSpawns'; errno: 'ENOENT' | 'EACCES' | 'EAGAIN' | 'EMFILE'; count: number }
  | { kind: 'loseExits'; count: number }
  | { kind: 'lateExits'; byMs: number; count: number }
  | { kind: 'failSaves'; count: number };

export type Scenario = {
  seed: number;
  services: SimService[];
  /** `afterMs`: pause since the operation before. */
  operations: { afterMs: number; operation: Operation }[];
};

const MAX_SERVICES = 5;

const program: fc.Arbitrary<Program> = fc.record({
  endsAfterMs: fc.option(fc.integer({ min: 1, max: 20_000 }), { nil: null, freq: 2 }),
  exitCode: fc.constantFrom(0, 0, 1),
  obeysAfterMs: fc.option(fc.integer({ min: 0, max: 1_500 }), { nil: null, freq: 4 }),
  leaves: fc.option(fc.record({ obeysAfterMs: fc.option(fc.integer({ min: 0, max: 500 }), { nil: null }) }), {
    nil: null,
    freq: 2,
  }),
});

const service: fc.Arbitrary<SimService> = fc.record({
  pool: fc.integer({ min: 0, max: 5 }),
  policy: fc.constantFrom('always', 'on_failure', 'on_failure', 'never'),
  graceMs: fc.constantFrom(0, 100, 1_000),
  limit: fc.option(fc.record({ count: fc.integer({ min: 1, max: 4 }), withinMs: fc.constantFrom(1_000, 60_000) }), {
    nil: null,
    freq: 3,
  }),
  dependsOn: fc.array(
    fc.record({
      on: fc.nat(MAX_SERVICES - 1),
      condition: fc.constantFrom<DependencyCondition>('started', 'ready', 'completed'),
    }),
    { maxLength: 2 },
  ),
  program,
});

const which = fc.nat(MAX_SERVICES - 1);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ kind: fc.constant('setPool' as const), service: which, pool: fc.integer({ min: 0, max: 6 }) }),
  fc.record({ kind: fc.constantFrom('changeSpec' as const, 'remove' as const, 'restore' as const), service: which }),
  fc.record({ kind: fc.constantFrom('commentEdit' as const, 'badEdit' as const) }),
  fc.record({ kind: fc.constantFrom('stop' as const, 'start' as const, 'restart' as const), service: which }),
  fc.record({ kind: fc.constant('killOne' as const), which: fc.nat(30) }),
  fc.record({ kind: fc.constant('crashSupervisor' as const) }),
  fc.record({
    kind: fc.constant('failSpawns' as const),
    errno: fc.constantFrom('ENOENT' as const, 'EACCES' as const, 'EAGAIN' as const, 'EMFILE' as const),
    count: fc.integer({ min: 1, max: 6 }),
  }),
  fc.record({ kind: fc.constant('loseExits' as const), count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({
    kind: fc.constant('lateExits' as const),
    byMs: fc.integer({ min: 1, max: 3_000 }),
    count: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ kind: fc.constant('failSaves' as const), count: fc.integer({ min: 1, max: 4 }) }),
);

export const scenario: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  services: fc
    .array(service, { minLength: 1, maxLength: MAX_SERVICES })
    .map((list) => list.map((one, index) => ({ ...one, dependsOn: earlierOnly(one.dependsOn, index) }))),
  operations: fc.array(fc.record({ afterMs: fc.constantFrom(0, 1, 5, 30, 200, 1_500, 7_000), operation }), {
    maxLength: 20,
  }),
});

function earlierOnly(dependsOn: SimService['dependsOn'], index: number): SimService['dependsOn'] {
  const seen = new Set<number>();
  return dependsOn.filter(({ on }) => on < index && !seen.has(on) && seen.add(on));
}
