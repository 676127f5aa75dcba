// Stopping: programs that do not want to, and trees that try to escape (I3, I9).
import { expect, test } from 'vitest';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { killSupervisor } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const GRACE_MS = 700;
/** I9: grace + kill + 2 s; the command itself and a busy machine on top. */
const BOUND_MS = GRACE_MS + 2_000 + 1_500;

function projectOf(command: string, more = ''): Project {
  return createProject({
    'procs.yaml': `services:\n  a:\n    command: ${command}\n    stop: { grace: ${GRACE_MS}ms }\n${more}`,
  });
}

test.for([
  ['ignores SIGTERM', '[node, PROGRAMS/ignores-term.mjs]', 1],
  ['has a grandchild in another session', '[node, PROGRAMS/forks-setsid-grandchild.mjs]', 2],
  ['forked twice', '[sh, PROGRAMS/double-forks.sh]', 2],
  ['is a shell with a pipeline', '"sleep 1000 | cat"', 2],
  ['has stopped itself', '[sh, -c, "kill -STOP $$$$; sleep 1000"]', 1],
  [
    'starts a successor whenever it receives SIGTERM',
    `[sh, -c, "trap 'sleep 1000 & exit 0' TERM; sleep 1000 & wait"]`,
    2,
  ],
] as const)('a program that %s: down leaves nothing, in time', async ([, command, processes]) => {
  const project = projectOf(command);
  await project.mustOrch(['up', '-d']);
  await waitFor('its tree lives', project.instances, (seen) => seen.length >= processes);
  await waitFor(
    'it has set itself up',
    async () => (await project.orch(['logs'])).stdout,
    (seen) => !/mjs|forks/.test(command) || /ready|forked/.test(seen),
  );
  const down = await project.down();
  expect(project.processes()).toEqual([]);
  expect(down.durationMs).toBeLessThan(BOUND_MS);
});

test('orch ends processes that a program left behind before it restarts the program', async () => {
  const project = projectOf('[sh, PROGRAMS/leaves-grandchild-behind.sh]', '    restart: never\n');
  await project.up();
  await waitFor('it completed', project.ps, (seen) => instanceOf(seen, 'a.1').state === 'completed', BOUND_MS + 3_000);
  expect(project.instances()).toEqual([]);
  await project.down();
});

test('a slow program gets its grace period and is killed after it', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  polite: { command: [node, PROGRAMS/stops-slowly.mjs, "400"], stop: { grace: 10s } }
  stubborn: { command: [node, PROGRAMS/ignores-term.mjs], stop: { grace: 1s } }
`,
  });
  await project.up();
  await waitFor(
    'both are set up',
    async () => (await project.mustOrch(['logs'])).stdout,
    (seen) => seen.includes('ready to stop') && seen.includes('ready to ignore'),
  );
  await project.mustOrch(['stop', 'polite', 'stubborn']);
  const status = await waitFor('both have stopped', project.ps, (seen) =>
    seen.services.every((one) => one.running === 0 && one.instances[0]!.state === 'stopped'),
  );
  expect(instanceOf(status, 'polite.1').lastExit).toEqual({ code: 0 });
  expect(instanceOf(status, 'stubborn.1').lastExit).toEqual({ signal: 'SIGKILL' });
  await project.down();
});

test('orch stops a program by the declared signal', async () => {
  const project = createProject({
    'procs.yaml': `services:\n  a: { command: [sh, -c, "trap 'echo got it >signal.txt; exit 0' INT; echo set; while :; do sleep 0.05; done"], stop: { signal: SIGINT } }\n`,
  });
  await project.up();
  await waitFor(
    'the trap is set',
    async () => (await project.mustOrch(['logs'])).stdout,
    (seen) => seen.includes('set'),
  );
  await project.down();
  expect(project.read('signal.txt')).toBe('got it\n');
});

test.each(['a live supervisor', 'a killed one'])(
  'down --timeout kills the processes left at the timeout: %s',
  async (whose) => {
    const project = createProject({
      'procs.yaml': 'services:\n  a: { command: [node, PROGRAMS/ignores-term.mjs], stop: { grace: 60s } }\n',
    });
    await project.up();
    await waitFor(
      'it is set up',
      async () => (await project.mustOrch(['logs'])).stdout,
      (seen) => seen.includes('ready to ignore'),
    );
    if (whose === 'a killed one') await killSupervisor(project);
    const down = await project.mustOrch(['down', '--timeout', '500ms', '--json']);
    expect(JSON.parse(down.stdout)).toEqual({ stopped: 1, leftovers: [] });
    expect(down.durationMs).toBeLessThan(500 + 2_000 + 1_500);
    expect(project.processes()).toEqual([]);
  },
);
