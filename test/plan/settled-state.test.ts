// One planner: a plan from one configuration to another is the plan of a supervisor that runs the first one. The first is
// run by the real kernel, in a world where every process starts at once, gets ready, and every task succeeds.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tasksOf } from '../../src/core/rollout-members.ts';
import type { Dependency, ProjectConfig, Schedule, ServiceSpec } from '../../src/core/spec.ts';
import { planChange } from '../../src/plan/plan.ts';
import { SETTLED_MS, settledState } from '../../src/plan/settled-state.ts';
import { config, PROBE, ROLLOUT, spec } from '../core/fixtures.ts';
import { QuietWorld } from './quiet-world.ts';

const RUNS = 400;
const TIMEOUT_MS = 60_000;

test(
  'both ways to plan a change agree',
  async () => {
    let followers = 0;
    await fc.assert(
      fc.asyncProperty(projects(), projects(), async (from, to) => {
        const world = new QuietWorld();
        await world.apply(from);
        const { kernel, nowMs } = world;
        const planned = planChange(settledState(from), to, SETTLED_MS);
        expect(planned).toEqual(planChange(kernel, to, nowMs));
        if (planned.changes.some(({ reason }) => reason.includes('on_loss'))) followers++;
      }),
      { numRuns: RUNS },
    );
    // Otherwise the projects are too simple for the rules that once differed.
    expect(followers).toBeGreaterThan(RUNS / 20);
  },
  TIMEOUT_MS,
);

test(
  'a settled project needs no change to stay as it is',
  () => {
    fc.assert(
      fc.property(projects(), (project) => {
        const { changes } = planChange(settledState(project), project, SETTLED_MS);
        // A start that waits forever is named, as in `orch plan` of a running project.
        expect(changes.filter(({ action }) => action !== 'start')).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  },
  TIMEOUT_MS,
);

const SCHEDULE: Schedule = { cron: '0 4 * * *', timeZone: 'UTC', catchUp: false, overlap: 'skip' };
const NAMES = ['a', 'b', 'c', 'd', 'e'];

function projects(): fc.Arbitrary<ProjectConfig> {
  const services = NAMES.map((name, index) => fc.option(service(name, index), { freq: 5, nil: null }));
  return fc.tuple(...services).map((list) => valid(list.filter((one) => one !== null)));
}

function service(name: string, index: number): fc.Arbitrary<ServiceSpec> {
  const choices = fc.record({
    version: fc.integer({ min: 1, max: 2 }),
    pool: fc.constantFrom(1, 1, 2, 3, 0),
    policy: fc.constantFrom('always', 'on_failure', 'on_failure', 'never'),
    readiness: fc.constantFrom(null, PROBE),
    schedule: fc.constantFrom(null, null, null, null, SCHEDULE),
    profiles: fc.constantFrom<string[]>([], [], [], [], ['x']),
    enabled: fc.constantFrom(true, true, true, true, false),
    graceMs: fc.constantFrom(1_000, 1_000, 2_000),
    minReadyMs: fc.constantFrom(0, 5_000),
    extra: fc.constantFrom(0, 1),
    dependsOn: fc.subarray(NAMES.slice(0, index)).chain((names) => fc.tuple(...names.map(dependency))),
  });
  return choices.map(({ version, policy, graceMs, minReadyMs, extra, ...rest }) => {
    const base = spec(name);
    return spec(name, {
      ...rest,
      specHash: `${name}-v${version}`,
      command: { kind: 'argv', argv: [`v${version}`] },
      restart: { ...base.restart, policy },
      stop: { ...base.stop, graceMs },
      rollout: { ...ROLLOUT, minReadyMs, maxSurge: { kind: 'count', count: extra } },
    });
  });
}

function dependency(name: string): fc.Arbitrary<Dependency> {
  return fc.record({
    service: fc.constant(name as Dependency['service']),
    condition: fc.constantFrom('started', 'ready', 'ready', 'completed'),
    onLoss: fc.constantFrom('ignore', 'hold', 'restart', 'restart'),
  });
}

/** As the loader demands it: dependencies are declared, and a task that others wait for is not restarted forever. Nothing
 * waits for a schedule: whether that has run is what a settled state cannot know. */
function valid(services: ServiceSpec[]): ProjectConfig {
  const mayBeAwaited = new Set(services.filter(({ schedule }) => schedule === null).map(({ name }) => name));
  const kept = services.map((one) => ({
    ...one,
    dependsOn: one.dependsOn.filter(({ service: name }) => mayBeAwaited.has(name)),
  }));
  const tasks = tasksOf(kept);
  const restarted = kept.map((one) =>
    tasks.has(one.name) ? { ...one, restart: { ...one.restart, policy: 'never' as const } } : one,
  );
  return config(...restarted);
}

test('a plan says which runs a shorter timeout ends, and of no other', () => {
  const job = (timeoutMs: number | null, policy: 'never' | 'on_failure') => {
    const service = spec('job', { timeoutMs });
    return config({ ...service, restart: { ...service.restart, policy } });
  };
  const planned = (from: ProjectConfig, to: ProjectConfig) =>
    planChange(settledState(from), to, SETTLED_MS).changes.map(({ action, instances, reason }) => ({
      action,
      instances,
      reason,
    }));
  const ended = { instances: ['job.1'], reason: 'it has run for longer than its timeout' };
  expect(planned(job(null, 'on_failure'), job(1_000, 'on_failure'))).toEqual([{ action: 'restart', ...ended }]);
  expect(planned(job(1_000, 'on_failure'), job(2_000, 'on_failure'))).toMatchObject([{ action: 'update' }]);
  expect(planned(job(null, 'on_failure'), job(SETTLED_MS * 2, 'on_failure'))).toMatchObject([{ action: 'update' }]);
});

test('a running service that gets an `on_loss: restart` dependency which started after it is restarted', async () => {
  const plain = config(spec('a'), spec('c', { dependsOn: [on('a', 'ignore')] }), spec('e'));
  const edited = config(spec('c'), spec('e', { dependsOn: [on('c', 'restart')] }));
  const world = new QuietWorld();
  await world.apply(plain);
  const planned = planChange(settledState(plain), edited, SETTLED_MS);
  expect(planned).toEqual(planChange(world.kernel, edited, world.nowMs));
  expect(planned.changes).toContainEqual(expect.objectContaining({ action: 'restart', instances: ['e.1'] }));
});

const on = (name: string, onLoss: Dependency['onLoss']) =>
  ({ service: name, condition: 'started', onLoss }) as Dependency;
