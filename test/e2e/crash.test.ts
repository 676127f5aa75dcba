// Programs and supervisors that die: restarts with back-off, adoption, nothing lost, nothing leaked (I3, I4, I8).
import { expect, test } from 'vitest';
import type { EventRecord } from '../../src/api/protocol.ts';
import { countDescriptors, killByIdentity, readStat } from '../rig/processes.ts';
import { createProject, incarnations, instanceOf, type Project } from '../rig/project.ts';
import { linesOf } from '../rig/records.ts';
import { killSupervisor } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const running = (project: Project): Record<string, string> => incarnations(project.instances());

test('a killed instance restarts and its exit is recorded', async () => {
  const project = createProject({ 'procs.yaml': 'services:\n  a: { command: [sleep, "1000"], pool: 3 }\n' });
  await project.up();
  const before = running(project);
  const [, victim] = project.instances().sort((a, b) => a.instance!.localeCompare(b.instance!));
  killByIdentity(victim!);
  await waitFor(
    'a.2 is another process',
    () => running(project),
    (seen) => 'a.2' in seen && seen['a.2'] !== before['a.2'],
  );
  await project.mustOrch(['wait', '--for', 'converged', '--timeout', '10s']);
  expect({ ...running(project), 'a.2': before['a.2'] }).toEqual(before);
  expect(instanceOf(await project.ps(), 'a.2')).toMatchObject({
    state: 'ready',
    restarts: 1,
    lastExit: { signal: 'SIGKILL' },
  });
  const events = await project.events();
  expect(
    events
      .filter((one) => one.instance === 'a.2')
      .map((one) => one.message)
      .join('\n'),
  ).toContain('SIGKILL');
  await project.down();
});

test.for([
  ['always', 0, 'backoff'],
  ['on_failure', 0, 'completed'],
  ['on_failure', 3, 'backoff'],
  ['never', 0, 'completed'],
  ['never', 3, 'failed'],
] as const)('restart: %s after exit code %s leads to %s', async ([policy, code, state]) => {
  const project = createProject({
    'procs.yaml': `services:\n  a: { command: [sh, -c, "exit ${code}"], restart: { policy: ${policy}, backoff: { initial: 1h, max: 1h } } }\n`,
  });
  await project.mustOrch(['up', '-d']);
  const status = await waitFor('it has ended', project.ps, (seen) => instanceOf(seen, 'a.1').state === state);
  expect(instanceOf(status, 'a.1')).toMatchObject({ pid: null, lastExit: { code } });
  if (state === 'backoff')
    expect(instanceOf(status, 'a.1').reason).toMatch(new RegExp(`exit code ${code}\\)?; next start in `));
  await project.down();
});

test('restarts follow the back-off and stop at the limit', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  a:
    command: [sh, -c, 'echo "$(date +%s%N)" >>starts.txt; exit 1']
    restart: { policy: on_failure, backoff: { initial: 200ms, max: 10s, factor: 2 }, limit: { count: 3, within: 1m } }
`,
  });
  await project.mustOrch(['up', '-d']);
  await waitFor('given up', project.ps, (seen) => instanceOf(seen, 'a.1').state === 'failed', 15_000);
  const startsMs = linesOf(project.path('starts.txt')).map((line) => Number(line) / 1e6);
  expect(startsMs.length).toBe(4);
  for (const [index, expectedMs] of [200, 400, 800].entries()) {
    const gapMs = startsMs[index + 1]! - startsMs[index]!;
    expect(gapMs).toBeGreaterThan(expectedMs * 0.9 - 10);
    expect(gapMs).toBeLessThan(expectedMs + 1_500); // a busy machine may be late; early is never right
  }
  const why = await project.mustOrch(['why', 'a']);
  expect(why.stdout).toMatch(/exit code 1|exited 1/i);
  await project.mustOrch(['restart', 'a']);
  await waitFor(
    'it was tried again',
    () => linesOf(project.path('starts.txt')).length,
    (seen) => seen > 4,
  );
  await project.down();
});

test('a missing program is named, with a hint', async () => {
  const project = createProject({
    'procs.yaml': 'services:\n  a: { command: [no-such-program-here], restart: never }\n',
  });
  const up = await project.orch(['up', '-d', '--wait']);
  expect(up.exitCode).toBe(1);
  expect(up.stderr).toContain('no-such-program-here');
  expect(instanceOf(await project.ps(), 'a.1')).toMatchObject({ state: 'failed', lastExit: { spawnError: 'ENOENT' } });
  await project.down();
});

test('a thousand restarts leak no descriptor', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  churn:
    command: [sh, -c, "echo x"]
    pool: 10
    restart: { policy: always, backoff: { initial: 1ms, max: 1ms, factor: 1 } }
`,
  });
  await project.mustOrch(['up', '-d']);
  const restarts = async (): Promise<number> =>
    (await project.ps()).services[0]!.instances.reduce((sum, one) => sum + one.restarts, 0);
  await waitFor('it has warmed up', restarts, (seen) => seen > 50, 20_000);
  await project.mustOrch(['stop', 'churn']);
  await project.mustOrch(['wait', '--for', 'stopped', '--timeout', '10s', 'churn']);
  const idle = project.processes();
  const descriptors = (): (number | null)[] => idle.map((one) => countDescriptors(one.pid));
  const before = descriptors();
  await project.mustOrch(['start', 'churn']);
  await waitFor('a thousand restarts', restarts, (seen) => seen > 1_050, 50_000);
  await project.mustOrch(['stop', 'churn']);
  await project.mustOrch(['wait', '--for', 'stopped', '--timeout', '10s', 'churn']);
  await waitFor('as many descriptors as before', descriptors, (seen) =>
    seen.every((count, index) => count! <= before[index]! + 1),
  );
  await project.down();
});

test('instances outlive a killed supervisor; the next one adopts those that match and stops the others', async () => {
  const yaml = (size: number, version: string): string => `
services:
  keep: { command: [sh, PROGRAMS/records-start-stop.sh, record.txt], pool: ${size} }
  changed: { command: [sleep, "1000"], env: { VERSION: "${version}" } }
`;
  const project = createProject({ 'procs.yaml': yaml(4, '1') });
  const mains = (): Record<string, string> =>
    incarnations(
      project
        .instances()
        .filter((one) => /^sh |VERSION|^sleep 1000$/.test(one.command) && one.command.startsWith('sh ')),
    );
  await project.up();
  const before = mains();
  const changed = project.instances().find((one) => one.instance === 'changed.1')!;
  await killSupervisor(project);
  expect(mains()).toEqual(before);

  project.edit('procs.yaml', yaml(3, '2'));
  await project.up();
  const { 'keep.4': gone, ...kept } = before;
  expect(gone).toBeDefined();
  await waitFor('keep.4 is gone', mains, (seen) => JSON.stringify(seen) === JSON.stringify(kept));
  const status = await project.ps();
  expect(instanceOf(status, 'keep.1')).toMatchObject({ state: 'ready', adopted: true, restarts: 0 });
  expect(readStat(changed.pid)?.startTime).not.toBe(changed.startTime);
  expect(instanceOf(status, 'changed.1').adopted).toBe(false);

  killByIdentity(project.instances().find((one) => one.instance === 'keep.2' && one.command.startsWith('sh '))!);
  await waitFor(
    'the adopted one that was killed is back',
    mains,
    (seen) => 'keep.2' in seen && seen['keep.2'] !== before['keep.2'],
  );
  await project.down();
  expect(project.processes()).toEqual([]);
});

test('down stops the instances that a killed supervisor left', async () => {
  const project = createProject({ 'procs.yaml': 'services:\n  a: { command: [sleep, "1000"], pool: 2 }\n' });
  await project.up();
  await killSupervisor(project);
  const down = await project.orch(['down']);
  expect(down.exitCode).toBe(0);
  expect(down.stdout).toContain('2 instances stopped');
  expect(project.processes()).toEqual([]);
});

test('output that instances write while no supervisor runs is not lost', async () => {
  const project = createProject({
    'procs.yaml': `
log_queues: { default: { path: out.log, format: raw } }
services:
  a: { command: [sh, -c, 'n=0; while :; do n=$((n+1)); echo $n; sleep 0.02; done'] }
`,
  });
  await project.up();
  const lines = (): number[] => linesOf(project.path('out.log')).map(Number);
  await waitFor(
    'it prints',
    () => lines().length,
    (seen) => seen > 5,
  );
  for (let round = 0; round < 3; round++) {
    await killSupervisor(project);
    const at = lines().length;
    await waitFor(
      'it keeps printing',
      () => lines().length,
      (seen) => seen > at + 5,
    );
    await project.up();
  }
  const at = lines().length;
  await waitFor(
    'and on',
    () => lines().length,
    (seen) => seen > at + 5,
  );
  await project.down();
  expect(lines()).toEqual(Array.from({ length: lines().length }, (_, index) => index + 1));
});

test('events are numbered, ordered and name their instance', async () => {
  const project = createProject({ 'procs.yaml': 'services:\n  a: { command: [sleep, "1000"] }\n' });
  await project.up();
  await project.mustOrch(['restart', 'a.1']);
  await project.mustOrch(['wait', '--for', 'converged', '--timeout', '10s']);
  const events: EventRecord[] = await project.events();
  expect(events.length).toBeGreaterThan(3);
  expect(events.map((one) => one.seq)).toEqual(events.map((_, index) => events[0]!.seq + index));
  expect(events.map((one) => one.time)).toEqual(events.map((one) => one.time).sort());
  expect(events.some((one) => one.instance === 'a.1' && one.service === 'a')).toBe(true);
  await project.down();
});
