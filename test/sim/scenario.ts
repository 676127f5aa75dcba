// What can happen in a simulated run: one or two projects, their programs, and a list of edits, commands and faults.
import fc from 'fast-check';
import type {
  DependencyCondition,
  LossPolicy,
  RestartPolicy,
  RolloutPolicy,
  Schedule,
  SingletonPolicy,
} from '../../src/core/spec.ts';
import { MAX_SERVICES, only, processFault, supervisorFault, which } from './faults.ts';
import type { HandWritten } from './hand-written.ts';
import type { Program } from './machine/processes.ts';
import { BAD_KINDS, type BadKind } from './project-file.ts';
import { program } from './random-program.ts';
import type { Shell } from './shell.ts';

export type SimService = {
  pool: number;
  policy: RestartPolicy['policy'];
  graceMs: number;
  limit: RestartPolicy['limit'];
  /** Indexes of earlier services only, to exclude cycles. */
  dependsOn: { on: number; condition: DependencyCondition; onLoss: LossPolicy }[];
  /** At most one, over all projects, of all services that have this. Then `pool` counts as 1. */
  singleton: SingletonPolicy['onConflict'] | null;
  program: Program;
  life: SimLife;
  /** Period in seconds of the wall clock, instead of a permanent run; never together with a singleton. */
  schedule: SimSchedule | null;
} & HandWritten;

/** `everyS` divides a minute. */
export type SimSchedule = Pick<Schedule, 'catchUp' | 'overlap'> & { everyS: number };

/** Probes, roll-outs and stops. */
export type SimLife = {
  hasReadiness: boolean;
  /** Without `hasReadiness`: how long an instance must live to count as ready. */
  readyAfterMs: number;
  hasLiveness: boolean;
  /** How long its `before_start` takes; null: it has none. */
  preparesMs: number | null;
  /** How every second version fails; `dies`: after it was ready, or nearly; `hangs`: its `before_start` never ends; null: not at
   * all. */
  broken: 'unready' | 'crash' | 'dies' | 'hangs' | null;
  hasMemoryLimit: boolean;
  rollout: {
    unavailable: number;
    surge: number;
    minReadyMs: number;
    deadlineMs: number;
    onFailure: RolloutPolicy['onFailure'];
  };
  drain: { by: 'http' | 'signal'; timeoutMs: number } | null;
  escalates: boolean;
};

export type Edit =
  | { kind: 'setPool'; service: number; pool: number }
  | { kind: 'changeSpec' | 'changeLive' | 'remove' | 'restore'; service: number };

export type Operation =
  | Edit
  | { kind: 'commentEdit' }
  /** A new version of every service, in one edit. */
  | { kind: 'changeAll' }
  | { kind: 'badEdit'; how: BadKind }
  | { kind: 'goodEdit' }
  | { kind: 'stop' | 'start' | 'restart'; service: number; instance: number | null }
  | { kind: 'scale'; service: number; pool: number | null }
  /** `saysYes`: `orch up --yes`, by hand only. */
  | { kind: 'up'; saysYes?: true }
  | { kind: 'upgrade' }
  /** `up` from another shell. */
  | { kind: 'upFrom'; shell: Shell; consents: boolean }
  /** A person saves a watched file of the service. */
  | { kind: 'editFile'; service: number }
  /** `orch pause`, `orch resume`, `orch apply --yes`. */
  | { kind: 'pause' | 'resume' | 'applyHeld' }
  /** The file gets, or loses, `policy: { apply: manual }`. */
  | { kind: 'holdEdits'; isManual: boolean }
  /** `orch up NAME`. */
  | { kind: 'upOne'; service: number }
  | { kind: 'killOne' | 'suspendOne'; which: number }
  /** It answers no probe any more; null: forever. */
  | { kind: 'sicken'; which: number; forMs: number | null }
  /** It needs more memory than it may; null: all main processes of the project. */
  | { kind: 'bloat'; which: number | null }
  /** kill -9, at once or before its n-th effect from now on; then `orch up` that often. */
  | { kind: 'crash'; beforeEffect: number | null; upAfterMs: number; ups: number }
  | { kind: 'freeze'; forMs: number }
  /** An uncaught exception. */
  | { kind: 'fault' }
  | { kind: 'failSpawns'; errno: 'ENOENT' | 'EACCES' | 'EAGAIN' | 'EMFILE'; count: number }
  | { kind: 'loseExits'; count: number }
  | { kind: 'lateExits'; byMs: number; count: number }
  | { kind: 'failSaves'; count: number }
  | { kind: 'loseWatchEvents'; count: number }
  | { kind: 'slowKills'; byMs: number }
  | { kind: 'strangers'; count: number; liveMs: number }
  /** A program of another person listens on the port of an instance; `shares`: together with it. */
  | { kind: 'takePort'; service: number; instance: number; forMs: number; shares: boolean }
  /** Pids of ours that become free are strangers' at once. */
  | { kind: 'recycle'; count: number }
  /** The machine is busy: everything that supervisors do takes its time. */
  | { kind: 'load'; forMs: number }
  | { kind: 'setClock'; byMs: number }
  | { kind: 'deleteStateDir' }
  /** A deployment: the path of the project leads to another directory, with a new version of the service. By hand only. */
  | { kind: 'switchLink'; service: number }
  | { kind: 'spoilState'; how: 'truncated' | 'garbage' | 'other-version' };

export type Step = { afterMs: number; project: number; operation: Operation };

export type Scenario = {
  seed: number;
  projects: { services: SimService[] }[];
  /** `afterMs`: pause since the operation before. */
  steps: Step[];
  /** One of its services ends each project, after the last step. */
  endsItself?: true;
  /** No program reaches its restart limit. */
  neverGivenUp?: true;
  /** Made when everything is quiet, after it was planned. */
  lastEdit: Step & { operation: Edit };
  /** The value of `orch down --timeout`; null: without. */
  downTimeoutMs: number | null;
  /** kill -9 before this effect of `down`, which is then repeated; null: none. */
  crashInDown: number | null;
};

const rarely = <T>(value: T, otherwise: T) =>
  fc.oneof({ arbitrary: fc.constant(otherwise), weight: 2 }, { arbitrary: fc.constant(value), weight: 1 });

export const life: fc.Arbitrary<SimLife> = fc.record({
  hasReadiness: fc.boolean(),
  readyAfterMs: fc.constantFrom(0, 300, 1_000),
  hasLiveness: rarely(true, false),
  preparesMs: fc.constantFrom(null, null, null, 20, 1_500),
  broken: fc.constantFrom(null, null, null, 'unready' as const, 'crash' as const, 'dies' as const, 'hangs' as const),
  hasMemoryLimit: rarely(true, false),
  rollout: fc
    .record({
      unavailable: fc.integer({ min: 0, max: 2 }),
      surge: fc.constantFrom(0, 0, 1, 2),
      minReadyMs: fc.constantFrom(0, 0, 300),
      deadlineMs: fc.constantFrom(1_500, 20_000),
      onFailure: fc.constantFrom('pause' as const, 'rollback' as const),
    })
    .map((rollout) => ({ ...rollout, unavailable: Math.max(rollout.unavailable, rollout.surge === 0 ? 1 : 0) })),
  drain: fc.option(
    fc.record({ by: fc.constantFrom('http' as const, 'signal' as const), timeoutMs: fc.constantFrom(200, 1_000) }),
    {
      nil: null,
      freq: 2,
    },
  ),
  escalates: rarely(true, false),
});

export const schedule: fc.Arbitrary<SimSchedule> = fc.record({
  everyS: fc.constantFrom(5, 5, 15, 60),
  catchUp: fc.boolean(),
  overlap: fc.constantFrom('skip' as const, 'queue' as const, 'replace' as const),
});

export const service: fc.Arbitrary<SimService> = fc.record({
  pool: fc.integer({ min: 0, max: 4 }),
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
      onLoss: fc.constantFrom<LossPolicy>('ignore', 'ignore', 'hold', 'restart'),
    }),
    { maxLength: 2 },
  ),
  singleton: fc.option(fc.constantFrom('replace' as const, 'replace' as const, 'refuse' as const), {
    nil: null,
    freq: 5,
  }),
  program,
  life,
  schedule: fc.option(schedule, { nil: null, freq: 5 }),
});

const validEdit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ kind: only('setPool'), service: which, pool: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ kind: only('changeSpec', 'changeLive', 'remove', 'restore'), service: which }),
);
const edit: fc.Arbitrary<Operation> = fc.oneof(
  { arbitrary: validEdit, weight: 2 },
  { arbitrary: fc.record({ kind: only('commentEdit', 'goodEdit', 'changeAll', 'changeAll') }), weight: 1 },
  { arbitrary: fc.record({ kind: only('badEdit'), how: fc.constantFrom(...BAD_KINDS) }), weight: 1 },
);
const command: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    kind: only('stop', 'start', 'restart'),
    service: which,
    instance: fc.option(fc.integer({ min: 1, max: 4 }), { nil: null }),
  }),
  fc.record({ kind: only('scale'), service: which, pool: fc.option(fc.integer({ min: 0, max: 5 }), { nil: null }) }),
  fc.record({ kind: only('up', 'upgrade') }),
  fc.record({
    kind: only('upFrom'),
    shell: fc.record({ tag: only('00', '01', '02'), env: fc.constantFrom(null, null, 'prod') }),
    consents: fc.boolean(),
  }),
  fc.record({ kind: only('upOne', 'editFile'), service: which }),
);
const step: fc.Arbitrary<Step> = fc.record({
  afterMs: fc.constantFrom(0, 1, 5, 30, 100, 200, 1_500, 7_000),
  project: fc.nat(1),
  operation: fc.oneof(
    { arbitrary: edit, weight: 4 },
    { arbitrary: command, weight: 2 },
    { arbitrary: processFault, weight: 3 },
    { arbitrary: supervisorFault, weight: 3 },
  ),
});

const services = fc.array(service, { minLength: 1, maxLength: MAX_SERVICES }).map(withoutCycles);

const scenarioWithoutHolds: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  projects: fc.array(fc.record({ services }), { minLength: 1, maxLength: 2 }),
  steps: fc.array(step, { maxLength: 14, size: 'max' }),
  lastEdit: fc.record({ afterMs: fc.constant(0), project: fc.nat(1), operation: validEdit }),
  downTimeoutMs: rarely<number | null>(300, null),
  crashInDown: fc.option(fc.integer({ min: 1, max: 40 }), { nil: null, freq: 2 }),
});

/** In some scenarios edits wait for a while. By the seed: what is drawn for all others stays the same. */
export const scenario: fc.Arbitrary<Scenario> = scenarioWithoutHolds.map((drawn) => {
  const [first, second] = [
    [{ kind: 'pause' }, { kind: 'resume' }],
    [{ kind: 'holdEdits', isManual: true }, { kind: 'applyHeld' }],
  ][drawn.seed % 12] ?? [null, null];
  if (!first || !second) return drawn;
  const at = (share: number): number => Math.floor(drawn.steps.length * share);
  const step = (operation: Operation): Step => ({ afterMs: 100, project: 0, operation });
  const { steps } = drawn;
  return {
    ...drawn,
    steps: [
      ...steps.slice(0, at(0.3)),
      step(first as Operation),
      ...steps.slice(at(0.3), at(0.7)),
      step(second as Operation),
      ...steps.slice(at(0.7)),
    ],
  };
});

function withoutCycles(list: SimService[]): SimService[] {
  return list.map((one, index) => ({
    ...one,
    ...rhythmOf(one),
    pool: one.singleton ? Math.min(1, one.pool) : one.pool,
    dependsOn: earlierOnly(one.dependsOn, index),
    life: one.singleton ? { ...one.life, rollout: { ...one.life.rollout, surge: 0, unavailable: 1 } } : one.life,
  }));
}

/** The configuration refuses a scheduled service that is always restarted: such a run would never end. */
function rhythmOf({ schedule, singleton, policy }: SimService): Pick<SimService, 'schedule' | 'policy'> {
  if (schedule === null || singleton !== null) return { schedule: null, policy };
  return { schedule, policy: policy === 'always' ? 'on_failure' : policy };
}

function earlierOnly(dependsOn: SimService['dependsOn'], index: number): SimService['dependsOn'] {
  const seen = new Set<number>();
  return dependsOn.filter(({ on }) => on < index && !seen.has(on) && seen.add(on));
}
