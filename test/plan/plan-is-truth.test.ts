// I18 over random pairs of files: what the events of an apply show is what its plan has said, instance by instance; and to plan
// asks for nothing, reports nothing and changes nothing.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planChange } from '../../src/plan/plan.ts';
import { planToken } from '../../src/plan/plan-token.ts';
import { accept } from '../config/loading.ts';
import { eventOutcomes, plannedOutcomes, waitingIn, withoutSurge } from './outcomes.ts';
import { QuietWorld } from './quiet-world.ts';
import { randomProjects, textOf } from './random-files.ts';

const PAIRS = 1_000;
const TIMEOUT_MS = 120_000;

test(
  'the plan of 1,000 random pairs of files is what the events of the apply show',
  async () => {
    const seen = { start: 0, stop: 0, restart: 0, nothing: 0 };
    await fc.assert(
      fc.asyncProperty(randomProjects(), randomProjects(), async (first, second) => {
        const [from, to] = await Promise.all([first, second].map((project) => accept(textOf(project, command))));
        const world = new QuietWorld();
        await world.apply(from!);
        const { kernel, events } = world;

        const before = { requests: world.requests, events: events.length, state: JSON.stringify(kernel.state()) };
        const plan = planChange(kernel, to!, world.nowMs);
        const token = planToken('key', kernel, to!);
        expect({ requests: world.requests, events: events.length, state: JSON.stringify(kernel.state()) }).toEqual(
          before,
        );
        expect(planToken('key', kernel, to!)).toBe(token);

        const planned = plannedOutcomes(plan, kernel.slots);
        events.length = 0;
        await world.apply(to!);
        const waiting = waitingIn(plan);
        const expected = new Map([...planned].filter(([id]) => !waiting.has(id)));
        const shown = withoutSurge(eventOutcomes(events), kernel.desired, planned);
        expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(expected));
        for (const outcome of shown.values()) seen[outcome]++;
        if (shown.size === 0) seen.nothing++;
      }),
      { numRuns: PAIRS },
    );
    // Otherwise the pairs are too simple.
    expect(Math.min(seen.start, seen.stop, seen.restart)).toBeGreaterThan(PAIRS / 5);
    expect(seen.nothing).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

const command = ({ version }: { version: number }): string[] => [`v${version}`];

test('an instance of an older version, whose task is not declared any more, is not stopped and started forever', async () => {
  const service = (on: string, more = ''): string =>
    `api: { command: [a], depends_on: { ${on}: { condition: completed, on_loss: hold } }${more} }`;
  const files = (...services: string[]) => accept(`services:\n${services.map((line) => `  ${line}\n`).join('')}`);
  const world = new QuietWorld();
  await world.apply(await files('old: { command: [t], restart: never }', 'new: { command: [n] }', service('old')));
  world.events.length = 0;
  // `new` lives on: a task that runs without end.
  await world.apply(await files('new: { command: [n], restart: never }', service('new', ', env: { LEVEL: debug }')));
  expect(Object.fromEntries(eventOutcomes(world.events))).toEqual({});
});
