// A supervisor that is replaced by another version, meets a bad file on its way back, or comes back in the middle of a back-off.
import { expect, test } from 'vitest';
import { createProject, instanceOf } from '../rig/project.ts';
import { linesOf } from '../rig/records.ts';
import { killSupervisor, supervisorsOf, theSupervisor } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';
import { expectNoLineLost, FILES, mains, NUMBERS } from './numbers.ts';

test('orch upgrade replaces the supervisor and nothing else', async () => {
  const project = createProject(FILES);
  await project.up();
  const before = mains(project);
  const { pid } = theSupervisor(project);
  const upgrade = await project.mustOrch(['upgrade']);
  expect(upgrade.stdout).toMatch(/upgraded/);
  expect(theSupervisor(project).pid).not.toBe(pid);
  await project.mustOrch(['wait', '--for', 'converged', '--timeout', '10s']);
  expect(mains(project)).toEqual(before);
  expect(instanceOf(await project.ps(), 'n.1')).toMatchObject({ adopted: true, restarts: 0 });
  project.edit('procs.yaml', 'services: {');
  const refused = await project.orch(['upgrade']);
  expect(refused.exitCode).toBe(2);
  expect(mains(project)).toEqual(before);
  await project.down();
  expectNoLineLost(project);
  expect((await project.orch(['upgrade'])).exitCode).toBe(3);
});

test('an upgrade in another environment changes no instance', async () => {
  const yaml = `services: { a: { command: [sleep, "1000"], env: { WHO: "\${WHO:?set WHO}" } } }\n`;
  const project = createProject({ 'procs.yaml': yaml });
  await project.mustOrch(['up', '-d', '--wait'], { env: { WHO: 'first' } });
  const before = mains(project);
  await project.mustOrch(['upgrade']);
  await project.mustOrch(['wait', '--for', 'converged', '--timeout', '10s']);
  expect(mains(project)).toEqual(before);
  await project.down();
});

test('up with a bad file after a crash exits with 2 and changes no instance', async () => {
  const project = createProject(FILES);
  await project.up();
  const before = mains(project);
  await killSupervisor(project);
  for (const bad of ['', 'services: {', 'services: { a: { comand: [x] } }\n', '[]\n']) {
    project.edit('procs.yaml', bad);
    const up = await project.orch(['up', '-d']);
    expect(up.exitCode, JSON.stringify(bad)).toBe(2);
    expect(supervisorsOf(project)).toEqual([]);
    expect(mains(project)).toEqual(before);
  }
  project.edit('procs.yaml', NUMBERS);
  await project.up();
  expect(mains(project)).toEqual(before);
  await project.down();
  expectNoLineLost(project);
});

test('restart counters and the back-off outlive the supervisor', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  a:
    command: [sh, -c, 'date +%s%N >>starts.txt; exit 1']
    restart: { policy: on_failure, backoff: { initial: 400ms, max: 1h, factor: 3 } }
`,
  });
  const starts = () => linesOf(project.path('starts.txt')).map((line) => Number(line) / 1e6);
  await project.mustOrch(['up', '-d']);
  await waitFor(
    'it waits for its fourth start',
    async () => instanceOf(await project.ps(), 'a.1'),
    (seen) => seen.restarts === 2 && seen.state === 'backoff',
  );
  await waitFor(
    'that is written',
    () => project.read('.orch/state.json'),
    (seen) => seen.includes('"failures":3'),
  );
  await killSupervisor(project);
  await project.mustOrch(['up', '-d']);
  expect(instanceOf(await project.ps(), 'a.1')).toMatchObject({ restarts: 2, state: 'backoff', lastExit: { code: 1 } });
  const seen = await waitFor('the fourth start', starts, (at) => at.length === 4, 15_000);
  expect(seen[3]! - seen[2]!).toBeGreaterThan(400 * 9 * 0.9);
  await project.down();
});
