// Plans without a supervisor, from one configuration to another, and how any plan reads. Pure but for the loading.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatPlan } from '../../src/cli/format/plan-text.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { ProjectConfig } from '../../src/core/spec.ts';
import { planChange } from '../../src/plan/plan.ts';
import { SETTLED_MS, settledState } from '../../src/plan/settled-state.ts';
import { painter } from '../../src/terminal/colour.ts';

const planBetween = (from: ProjectConfig | null, to: ProjectConfig) => planChange(settledState(from), to, SETTLED_MS);

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'orch-plan-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** @param body of `services:`, one service a line */
async function config(...services: string[]): Promise<ProjectConfig> {
  const file = join(directory, 'procs.yaml');
  writeFileSync(file, `services:\n${services.map((line) => `  ${line}\n`).join('')}`);
  const loaded = await loadConfig({ file, env: null, environment: {} });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.accepted.config;
}

async function planned(from: string[] | null, to: string[]): Promise<string[]> {
  const before = from && (await config(...from));
  const { changes } = planBetween(before, await config(...to));
  return changes.map(
    ({ service, action, instances, reason }) => `${action} ${instances.join(' ') || service}: ${reason}`,
  );
}

const api = 'api: { command: [a], pool: 3 }';
const task = 'migrate: { command: [a], restart: never }';
const follower = 'api: { command: [c], depends_on: { db: { condition: started, on_loss: restart } } }';
const cron = 'cron: { command: [a], schedule: "0 4 * * *" }';

describe('a plan from one configuration to another', () => {
  test.each([
    [null, [api], ['start api.1 api.2 api.3: new in the configuration']],
    [[api], [api], []],
    [[api], ['api: { command: [a], pool: 3 } # a comment'], []],
    [
      [api],
      ['db: { command: [b] }'],
      ['start db.1: new in the configuration', 'stop api.1 api.2 api.3: no longer declared'],
    ],
    [[api], ['api: { command: [b], pool: 3 }'], ['restart api.1 api.2 api.3: command changed']],
    [[api], ['api: { command: [a], pool: 5 }'], ['scale api.4 api.5: pool 3 → 5']],
    [[api], ['api: { command: [a], pool: 1 }'], ['scale api.2 api.3: pool 3 → 1']],
    [
      [api],
      ['api: { command: [b], pool: 4 }'],
      ['restart api.1 api.2 api.3: command changed', 'scale api.4: pool 3 → 4'],
    ],
    [[api], ['api: { command: [a], pool: 0 }'], ['scale api.1 api.2 api.3: pool 3 → 0']],
    [['api: { command: [a], pool: 0 }'], [api], ['scale api.1 api.2 api.3: pool 0 → 3']],
    [[api], ['api: { command: [a], pool: 3, enabled: false }'], ['stop api.1 api.2 api.3: disabled now']],
    [['api: { command: [a], enabled: false }'], ['api: { command: [a] }'], ['start api.1: enabled again']],
    [null, ['dbg: { command: [a], profiles: [debug] }'], []],
    [
      null,
      ['cron: { command: [a], schedule: "0 4 * * *" }'],
      ['update cron: declared; it waits for its scheduled time'],
    ],
    [null, ['cron: { command: [a], schedule: "0 4 * * *", enabled: false }'], []],
    [[cron], [cron.replace('[a]', '[b]')], ['update cron: command changed, applied in place']],
    [[cron], [api.replace('api', 'cron')], ['start cron.1 cron.2 cron.3: it has no schedule any more']],
    [[api], [api.replace('}', ', schedule: "0 4 * * *" }')], [expect.stringMatching(/^update api: schedule.cron, /)]],
    [[api], [api.replace('}', ', profiles: [x, y] }')], ['stop api.1 api.2 api.3: it runs only with a profile now']],
    [[api.replace('}', ', profiles: [x] }')], [api], ['start api.1 api.2 api.3: it needs no profile any more']],
    [[task], [task.replace('[a]', '[b]')], ['start migrate.1: command changed']],
    [[task, api], [api], ['update migrate: no longer declared']],
    [[cron, api], [api], ['update cron: no longer declared']],
    [['dbg: { command: [a], profiles: [debug] }', api], [api], []],
    [[api], ['api: { command: [a], pool: 5, enabled: false }'], ['stop api.1 api.2 api.3: disabled now']],
    [
      ['db: { command: [a] }', follower],
      ['db: { command: [b] }', follower],
      ['restart db.1: command changed', 'restart api.1: what it depends on is replaced (on_loss)'],
    ],
    [
      ['db: { command: [a], enabled: false }', follower],
      ['db: { command: [a] }', follower],
      ['start db.1: enabled again', 'start api.1: not running'],
    ],
    [
      ['db: { command: [a] }', 'api: { command: [a], pool: 2 }'],
      ['db: { command: [a], enabled: false }', 'api: { command: [b], pool: 2, depends_on: [db] }'],
      [
        'stop db.1: disabled now',
        'restart api.2: command changed; it waits for db (started)',
        'stop api.1: command changed; it waits for db (started)',
      ],
    ],
    [
      [api],
      ['db: { command: [a], start: manual }', 'api: { command: [b], pool: 4, depends_on: [db] }'],
      [
        'restart api.1 api.2 api.3: command changed; it waits for db (started)',
        'scale api.4: pool 3 → 4; it waits for db (started)',
      ],
    ],
    [
      [api],
      ['api: { command: [a], pool: 3, stop: { grace: 1s } }'],
      ['update api: stop.grace changed, applied in place'],
    ],
    [[api], ['api: { command: [a], pool: 3, stop: { to: tree } }'], ['update api: stop.to changed, applied in place']],
  ] as [string[] | null, string[], string[]][])('%j → %j', async (from, to, changes) => {
    expect(await planned(from, to)).toEqual(changes);
  });
});

test('a restart shows every key that changed, as the supervisor does', async () => {
  const from = await config('api: { command: [a] }');
  const to = await config('api: { command: [b], restart: never }');
  const { changes } = planBetween(from, to);
  expect(changes).toHaveLength(1);
  expect(changes[0]!.keys.map(({ key }) => key)).toEqual(['command', 'restart.policy']);
  expect(changes[0]!.reason).toBe('command changed');
});

test('a log queue that changes is a change, by its own name', async () => {
  const from = await config(api);
  const [queue] = from.logQueues;
  const logQueues = [{ ...queue!, rotate: { ...queue!.rotate, sizeBytes: 4096 } }];
  expect(formatPlan(planBetween(from, { ...from, logQueues }), painter(false))).toMatchInlineSnapshot(`
    "= log_queues.default  update: rotate.size changed, applied in place
          rotate.size: 64MiB → 4KiB

    1 change: 1 live."
  `);
});

describe('formatPlan', () => {
  test('reads from left to right: sign, service, action, instances, reason; then the keys, each once', async () => {
    const from = await config('api: { command: [a], pool: 3 }', 'old: { command: [x] }');
    const to = await config('api: { command: [b], pool: 4, env: { API_TOKEN: abc } }', 'worker: { command: [w] }');
    expect(formatPlan(planBetween(from, to), painter(false))).toMatchInlineSnapshot(`
      "~ api     restart api.1 … api.3 (3): command, env.API_TOKEN changed
            command: ["a"] → ["b"]
            pool: 3 → 4  (live)
            env.API_TOKEN: (none) → ***
      ± api     scale api.4: pool 3 → 4
      + worker  start worker.1: new in the configuration
      - old     stop old.1: no longer declared

      4 changes: 1 restarts (3 instances), 1 starts, 1 stops, 1 scales."
    `);
  });

  test('says so if there is nothing to do', () => {
    expect(formatPlan({ changes: [] }, painter(false))).toBe('Nothing to do.');
  });
});
