// Scenarios written by hand about ends: what ends the project (`on_end`, `on_failure`), what counts as success, when a
// program is given up, and what waits for an end. Further: services that are started by hand.
import type { Scenario, SimService, Step } from './scenario.ts';
import { after, one, service } from './scenario-parts.ts';

const READY_FIRST: SimService['dependsOn'] = [{ on: 0, condition: 'ready', onLoss: 'ignore' }];
const ending = (services: SimService[], ...steps: Step[]): Scenario => ({
  ...one(services, ...steps),
  endsItself: true,
});

export const KNOWN_ENDS: Record<string, Scenario> = {
  'a task whose end ends all': ending(
    [service({ pool: 2 }), service({ policy: 'never', ends: 'on_end', dependsOn: READY_FIRST }, { endsAfterMs: 300 })],
    after(200, { kind: 'commentEdit' }),
  ),
  'a pool of tasks ends all with its last instance': ending(
    [service({}, { obeysAfterMs: null }), service({ policy: 'never', ends: 'on_end', pool: 3 }, { endsAfterMs: 300 })],
    after(200, { kind: 'restart', service: 1, instance: 2 }),
  ),
  'a program that is given up ends all': ending([
    service({ dependsOn: [{ on: 1, condition: 'started', onLoss: 'ignore' }] }),
    service({ ends: 'on_failure', limit: { count: 2, withinMs: 60_000 } }, { endsAfterMs: 30, exitCode: 1 }),
  ]),
  'a service whose end would end all, stopped and restarted by hand': one(
    [service({}), service({ pool: 2, ends: 'on_end' })],
    after(200, { kind: 'restart', service: 1, instance: 1 }),
    after(500, { kind: 'stop', service: 1, instance: null }),
    after(1_500, { kind: 'start', service: 1, instance: 1 }),
    after(500, { kind: 'killOne', which: 1 }),
    after(500, { kind: 'changeSpec', service: 1 }),
  ),
  'a task that completes where only its failure would end all': one(
    [
      service({}),
      service({ ends: 'on_failure' }, { endsAfterMs: 100 }),
      service({ policy: 'on_failure', ends: 'on_end' }, { endsAfterMs: 100, exitCode: 1 }),
    ],
    after(1_500, { kind: 'commentEdit' }),
  ),
  'given up after failures in a row, and started by hand': one(
    [service({ limit: { count: 2, withinMs: null }, jitter: 0.5, pool: 2 }, { endsAfterMs: 30, exitCode: 1 })],
    after(7_000, { kind: 'start', service: 0, instance: 1 }),
  ),
  'given up although it always exits with 0': one(
    [service({ policy: 'always', limit: { count: 2, withinMs: null } }, { endsAfterMs: 30 })],
    after(7_000, { kind: 'commentEdit' }),
  ),
  'runs that are long enough forget earlier failures': {
    ...one(
      [service({ limit: { count: 1, withinMs: null }, healthyAfterMs: 200 }, { endsAfterMs: 500, exitCode: 1 })],
      after(7_000, { kind: 'commentEdit' }),
    ),
    neverGivenUp: true,
  },
  'exit codes that count as success': {
    ...one(
      [
        service({ policy: 'never', successCodes: [0, 1] }, { endsAfterMs: 100, exitCode: 1 }),
        service(
          { dependsOn: [{ on: 0, condition: 'completed', onLoss: 'ignore' }], successCodes: [1] },
          { endsAfterMs: 100, exitCode: 1 },
        ),
      ],
      after(1_500, { kind: 'commentEdit' }),
    ),
    neverGivenUp: true,
  },
  'restarted because it is not ready any more': one(
    [service({ pool: 2, restartsUnready: true, life: { hasReadiness: true } })],
    after(1_500, { kind: 'sicken', which: 0, forMs: null }),
    after(7_000, { kind: 'commentEdit' }),
  ),
  'a dependency on any end, and one that is optional': one(
    [
      service({ policy: 'never' }, { endsAfterMs: 300, exitCode: 1 }),
      service({ dependsOn: [{ on: 0, condition: 'ended', onLoss: 'ignore' }] }),
      service({ dependsOn: [{ on: 0, condition: 'completed', onLoss: 'ignore' }], isOptional: true }),
      service({ dependsOn: [{ on: 0, condition: 'ended', onLoss: 'ignore' }], isOptional: true }),
    ],
    after(1_500, { kind: 'commentEdit' }),
  ),
  'runs that take longer than they may': one(
    [
      service({ policy: 'never', timeoutMs: 1_000 }),
      service({ policy: 'never', timeoutMs: 1_000, graceMs: 300 }, { obeysAfterMs: null }),
      service({ timeoutMs: 1_000, limit: { count: 2, withinMs: null }, healthyAfterMs: 200, pool: 2 }),
      service({ policy: 'never', timeoutMs: 5_000 }, { endsAfterMs: 300 }),
    ],
    after(7_000, { kind: 'commentEdit' }),
  ),
  'a run that takes longer than it may while no supervisor runs': one(
    [service({ policy: 'never', timeoutMs: 3_000, pool: 2 })],
    after(1_500, { kind: 'crash', beforeEffect: null, upAfterMs: 7_000, ups: 1 }),
    after(7_000, { kind: 'commentEdit' }),
  ),
  'a pool that is restarted at given times': one(
    [
      service({ pool: 4, restartsEveryS: 30, life: { hasReadiness: true } }),
      service({ pool: 2, restartsEveryS: 30, dependsOn: READY_FIRST }),
    ],
    after(30_000, { kind: 'commentEdit' }),
    after(15_000, { kind: 'crash', beforeEffect: null, upAfterMs: 100, ups: 1 }),
    after(35_000, { kind: 'setClock', byMs: -31_536_000_000 }),
    after(40_000, { kind: 'commentEdit' }),
  ),
  'started by hand': one(
    [
      service({}),
      service({ pool: 2, isManual: true }),
      service({ dependsOn: [{ on: 1, condition: 'started', onLoss: 'ignore' }], isOptional: true }),
    ],
    after(500, { kind: 'up' }),
    after(500, { kind: 'start', service: 1, instance: 2 }),
    after(500, { kind: 'changeSpec', service: 1 }),
    after(500, { kind: 'stop', service: 1, instance: null }),
    after(500, { kind: 'upOne', service: 1 }),
  ),
  'declared to be started by hand, and never started': one(
    [service({}), service({ isManual: true })],
    after(500, { kind: 'up' }),
    after(500, { kind: 'changeSpec', service: 1 }),
  ),
};
