// Restarts that orch chooses keep to `max_unavailable` and drain: for memory, liveness, watched files, a dependency, a command.
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { freePorts } from '../rig/free-ports.ts';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';
import { fewestReady, instancesOf, ofType } from './ready-count.ts';

const POOL = ['api.1', 'api.2', 'api.3'];

async function running(
  service: string,
  files: Record<string, string> = {},
): Promise<{ project: Project; since: number }> {
  const project = createProject(
    { 'procs.yaml': `services:\n  api:\n    pool: 3\n    ready_after: 200ms\n${service}`, ...files },
    { readyAfter: true },
  );
  await project.up();
  return { project, since: (await project.events()).at(-1)?.seq ?? 0 };
}

/** Every instance of the pool has been replaced since, and all is well. */
async function allReplaced({ instances, ps }: Project, before: Record<string, string>): Promise<void> {
  const isNew = (now: Record<string, string>): boolean =>
    POOL.every((id) => now[id] !== undefined && now[id] !== before[id]);
  await waitFor('each is replaced', () => incarnations(instances()), isNew, 30_000);
  await waitFor('all is well', ps, (status) => status.converged, 15_000);
}

/** Drains by SIGUSR2; bloats when the file appears, but not when it was there before. */
const PROGRAM = `
const { existsSync, appendFileSync } = require('node:fs');
process.on('SIGUSR2', () => { appendFileSync('drained', process.env.ORCH_INSTANCE_ID + '\\n'); process.exit(0); });
let held = null;
const wasThere = existsSync('bloat');
setInterval(() => { if (!wasThere && held === null && existsSync('bloat')) held = Buffer.alloc(120 * 2 ** 20, 1); }, 50);
`;

test('memory: one after the other, each drained', async () => {
  const { project, since } = await running(
    '    command: [node, program.cjs]\n    limits: { memory: 120MiB }\n    stop: { drain: { signal: SIGUSR2, timeout: 5s } }\n',
    { 'program.cjs': PROGRAM },
  );
  const before = incarnations(project.instances());
  project.write('bloat', '');
  await allReplaced(project, before);
  const events = await project.events();
  expect(instancesOf(events, 'memory_exceeded').sort()).toEqual(POOL);
  expect(fewestReady(events, 'api', since)).toBe(2);
  expect(project.read('drained').trim().split('\n').sort()).toEqual(POOL);
  await project.down();
});

test('liveness: those that serve, one after the other', async () => {
  const { project, since } = await running(
    '    command: "touch started.$ORCH_INSTANCE_ID; exec sleep 1000"\n' +
      '    liveness: { exec: [sh, -c, "test ! sick -nt started.$ORCH_INSTANCE_ID"], every: 100ms, failures: 2 }\n',
  );
  const before = incarnations(project.instances());
  project.write('sick', '');
  await allReplaced(project, before);
  expect(fewestReady(await project.events(), 'api', since)).toBe(2);
  await project.down();
});

/** Hangs, deaf to SIGTERM, from when the file appears. */
const DEADLOCKS = `
const { existsSync } = require('node:fs');
process.on('SIGTERM', () => process.exit(0));
require('node:http').createServer((_, response) => response.end('ok')).listen(Number(process.env.PORT));
const wasThere = existsSync('hang');
setInterval(() => { if (!wasThere && existsSync('hang')) for (;;); }, 20);
`;

test('liveness: a pool that hangs restarts at once', async () => {
  const port = await freePorts(3);
  const { project } = await running(
    `    command: [node, program.cjs]\n    port: ${port}\n    stop: { grace: 3s }\n` +
      '    liveness: { http: "http://127.0.0.1:$' +
      '{PORT}/", every: 100ms, timeout: 500ms, failures: 2 }\n',
    { 'program.cjs': DEADLOCKS },
  );
  const before = incarnations(project.instances());
  project.write('hang', '');
  await allReplaced(project, before);
  const firstStops = new Map<string | null, number>();
  for (const { instance, time } of ofType(await project.events(), 'stopping')) {
    if (!firstStops.has(instance)) firstStops.set(instance, Date.parse(time));
  }
  const stops = [...firstStops.values()];
  expect(stops).toHaveLength(3);
  // One grace period for all of them, not one for each.
  expect(Math.max(...stops) - Math.min(...stops)).toBeLessThan(3_000);
  await project.down();
});

test('liveness: an instance that the readiness probe calls unready restarts at once, without a drain', async () => {
  const { project } = await running(
    '    command: "touch started.$ORCH_INSTANCE_ID; exec sleep 1000"\n' +
      '    stop: { drain: { exec: [sleep, "1000"], timeout: 2s } }\n' +
      '    readiness: { exec: [sh, -c, "test ! sick -nt started.$ORCH_INSTANCE_ID"], every: 50ms, failures: 1 }\n' +
      '    liveness: { exec: [sh, -c, "test ! sick -nt started.$ORCH_INSTANCE_ID"], every: 100ms, failures: 5 }\n',
  );
  const before = incarnations(project.instances());
  project.write('sick', '');
  await allReplaced(project, before);
  const events = await project.events();
  expect(instancesOf(events, 'became_unready').sort()).toEqual(POOL);
  expect([...ofType(events, 'drained'), ...ofType(events, 'drain_failed')]).toEqual([]);
  await project.down();
});

test('watched files: one after the other, held by code that does not start, continued by code that does', async () => {
  const { project, since } = await running('    command: [node, program.js]\n    watch: [program.js]\n', {
    'program.js': 'setInterval(() => {}, 1000);\n',
  });
  const before = incarnations(project.instances());
  project.write('program.js', 'process.exit(3);\n');
  const paused = await waitFor('it is held', project.events, (events) => ofType(events, 'rollout_paused').length > 0);
  expect(ofType(paused, 'rollout_paused')[0]!.message).toContain('api.1 ended with exit code 3');
  const wait = await project.orch(['wait', '--timeout', '10s']);
  expect([wait.exitCode, wait.stderr]).toEqual([1, expect.stringContaining('api.1 ended with exit code 3')]);
  expect((await project.mustOrch(['why', 'api.2'])).stdout).toContain(
    'Is to be restarted (restart requested); the roll-out is paused',
  );
  const held = incarnations(project.instances());
  expect([held['api.2'], held['api.3']]).toEqual([before['api.2'], before['api.3']]);
  project.write('program.js', 'setInterval(() => {}, 999);\n');
  await allReplaced(project, before);
  expect(fewestReady(await project.events(), 'api', since)).toBe(2);
  await project.down();
});

test.each([
  ['orch restart', async (project: Project) => await project.mustOrch(['restart', 'api'])],
  [
    'a changed env file',
    async (project: Project) => {
      writeFileSync(project.path('.env'), 'A=2\n');
      await project.mustOrch(['up', '-d']);
    },
  ],
])('%s: one after the other', async (_, change) => {
  const { project, since } = await running('    command: [sleep, "1000"]\n    env_files: [.env]\n', {
    '.env': 'A=1\n',
  });
  const before = incarnations(project.instances());
  await change(project);
  await allReplaced(project, before);
  expect(fewestReady(await project.events(), 'api', since)).toBe(2);
  await project.down();
});

test('a dependency that is back (on_loss: restart): one after the other', async () => {
  const { project, since } = await running(
    '    command: [sleep, "1000"]\n    depends_on: { db: { condition: ready, on_loss: restart } }\n' +
      '  db: { command: [sleep, "1000"], ready_after: 100ms }\n',
  );
  const before = incarnations(project.instances());
  await project.mustOrch(['restart', 'db']);
  await allReplaced(project, before);
  expect(fewestReady(await project.events(), 'api', since)).toBe(2);
  await project.down();
});
