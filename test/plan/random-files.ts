// Random configurations as texts of procs.yaml, for tests that compare a plan with what happens.
import fc from 'fast-check';

export type RandomService = {
  version: number;
  pool: number;
  kind: 'daemon' | 'daemon' | 'task';
  extra: Record<string, unknown>;
  dependsOn: { on: string; ready: boolean; onLoss: string }[];
};

const NAMES = ['a', 'b', 'c', 'd', 'e'];

/**
 * Live keys and keys that decide whether it runs, each of them seldom. Without extra instances (`max_surge`): whether they are
 * good in time decides about a roll-out, and a plan does not foresee that.
 */
const extras = fc
  .tuple(
    fc.constantFrom({}, {}, { stop: { grace: '1s' } }, { description: 'text' }),
    fc.constantFrom({}, {}, {}, { env: { LEVEL: 'debug' } }, { env: { LEVEL: 'info' } }),
    fc.constantFrom({}, {}, {}, { ready_after: '10ms' }, { log_queue: 'other' }),
    fc.constantFrom({}, {}, {}, {}, { enabled: false }, { profiles: ['x'] }, { start: 'manual' }),
    fc.constantFrom({}, {}, {}, { rollout: { max_unavailable: '50%' } }),
  )
  .map((parts) => Object.assign({}, ...parts) as Record<string, unknown>);

function randomService(index: number): fc.Arbitrary<RandomService> {
  const dependency = (on: string) =>
    fc.record({
      on: fc.constant(on),
      ready: fc.boolean(),
      onLoss: fc.constantFrom('ignore', 'hold', 'restart', 'restart'),
    });
  return fc.record({
    version: fc.integer({ min: 1, max: 2 }),
    pool: fc.constantFrom(1, 1, 1, 2, 3, 0),
    kind: fc.constantFrom('daemon', 'daemon', 'daemon', 'task'),
    extra: extras,
    dependsOn: fc.subarray(NAMES.slice(0, index)).chain((names) => fc.tuple(...names.map(dependency))),
  });
}

/** By name. */
export type RandomProject = Record<string, RandomService>;

export function randomProjects(): fc.Arbitrary<RandomProject> {
  const services = NAMES.map((_name, index) => fc.option(randomService(index), { freq: 5, nil: null }));
  return fc
    .tuple(...services)
    .map((list) => Object.fromEntries(NAMES.flatMap((name, index) => (list[index] ? [[name, list[index]]] : []))));
}

/** @param commandOf what a service runs. @returns the text of procs.yaml: JSON is YAML. */
export function textOf(project: RandomProject, commandOf: (service: RandomService) => string[]): string {
  const services = Object.entries(project).map(([name, service]) => {
    const { pool, kind, extra, dependsOn } = service;
    const declared = dependsOn.filter(({ on }) => on in project);
    const depends = declared.map(({ on, ready, onLoss }) => {
      const isTask = project[on]!.kind === 'task';
      const condition = isTask ? 'completed' : ready ? 'ready' : 'started';
      return [on, { condition, on_loss: onLoss }];
    });
    const restart = kind === 'task' ? { restart: 'never' } : {};
    // A task that others wait for runs once.
    const size = kind === 'task' ? Math.min(pool, 1) : pool;
    const keys = { command: commandOf(service), pool: size, ...restart, ...extra };
    return [name, { ...keys, ...(depends.length > 0 && { depends_on: Object.fromEntries(depends) }) }];
  });
  return JSON.stringify({ name: 'random', log_queues: { other: {} }, services: Object.fromEntries(services) }, null, 1);
}
