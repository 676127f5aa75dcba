// A client that waits for a service which an edit removes meanwhile gets an answer, and the supervisor keeps running.
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/api/client.ts';
import { projectPaths } from '../../src/api/paths.ts';
import { createProject, type Project } from '../rig/project.ts';
import { theSupervisor } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const KEPT = 'services:\n  kept: { command: [sleep, "1000"] }\n';
const SLOW = '  slow: { command: [node, PROGRAMS/stops-slowly.mjs, "700"] }\n';
const NEVER_READY = '  pool: { command: [sleep, "1000"], pool: 2, readiness: { exec: "false" } }\n';

/** What `orch wait` asks; returns once the supervisor has begun to wait. `answer`: null, or what it failed with. */
async function waiting(project: Project, condition: 'ready' | 'converged' | 'stopped', ...names: string[]) {
  const client = (await connect(projectPaths(project.root)))!;
  onTestFinished(() => client.close());
  const answer = client.request('wait', { for: condition, names, timeoutMs: 20_000 }).then(
    () => null,
    (error) => String(error.message),
  );
  await client.request('hello', {});
  return { answer };
}

test('wait --for stopped ends for a removed service once none of its processes lives', async () => {
  const project = createProject({ 'procs.yaml': KEPT + SLOW });
  await project.up();
  await waitFor(
    'it is set up',
    async () => (await project.mustOrch(['logs'])).stdout,
    (seen) => seen.includes('ready'),
  );
  const { pid } = theSupervisor(project);
  const { answer } = await waiting(project, 'stopped', 'slow');
  project.edit('procs.yaml', KEPT);
  expect(await answer).toBeNull();
  expect(project.instances().map(({ instance }) => instance)).toEqual(['kept.1']);
  expect(theSupervisor(project).pid).toBe(pid);
  await project.down();
});

test.for(['ready', 'converged'] as const)(
  'wait for %s fails once the instance is no longer declared',
  async (condition) => {
    const project = createProject({ 'procs.yaml': KEPT + NEVER_READY });
    await project.mustOrch(['up', '-d']);
    const { pid } = theSupervisor(project);
    const { answer } = await waiting(project, condition, 'pool.2');
    await project.mustOrch(['scale', 'pool=1']);
    expect(await answer).toBe(
      `${condition === 'converged' ? 'cannot converge' : `cannot become ${condition}`}: pool.2 is not declared any more`,
    );
    // As long as its process ends, it is still known by its name.
    await waitFor('pool.2 is gone', project.ps, ({ services }) =>
      services.every(({ instances }) => instances.every(({ id }) => id !== 'pool.2')),
    );
    expect((await project.orch(['wait', 'pool.2'])).exitCode).toBe(2);
    expect(theSupervisor(project).pid).toBe(pid);
    await project.down();
  },
);

test('a wait right after an edit waits for that edit', async () => {
  const project = createProject({ 'procs.yaml': KEPT });
  await project.up();
  project.edit('procs.yaml', `${KEPT}  added: { command: [sleep, "1000"] }\n`);
  await project.mustOrch(['wait', 'added', '--timeout', '30s']);
  project.edit('procs.yaml', `${KEPT}  broken: { command: [no-such-program] }\n`);
  const { exitCode, stderr } = await project.orch(['wait', '--timeout', '30s']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('broken.1') });
  await project.down();
});

test('a wait after an edit with a problem fails with its position, and not once it is mended', async () => {
  const project = createProject({ 'procs.yaml': KEPT });
  await project.up();
  project.edit('procs.yaml', KEPT.replace('kept: {', 'kept: { pol: 3,'));
  const { exitCode, stderr } = await project.orch(['wait', '--timeout', '30s']);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringMatching(/^error: cannot converge: the files have a problem \(procs\.yaml:2:\d+: .*pol/),
  });
  await project.mustOrch(['wait', '--for', 'ready', 'kept', '--timeout', '30s']);
  project.edit('procs.yaml', KEPT);
  await project.mustOrch(['wait', '--timeout', '30s']);
  await project.down();
});
