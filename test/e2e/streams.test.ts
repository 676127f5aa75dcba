// Commands that run until they are interrupted (`up` without a terminal, `logs -f`, `events -f`): how they end, what they leave.
import { expect, test } from 'vitest';
import { createProject, incarnations } from '../rig/project.ts';
import { startCommand } from '../rig/running-command.ts';
import { mainsOf } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const good = 'services:\n  a: { command: [sleep, "1000"], pool: 2 }\n  b: { command: [sleep, "1000"] }\n';

test('up without a terminal prints prefixed lines; Ctrl-C stops everything in order', async () => {
  const project = createProject({
    'procs.yaml':
      'services:\n  a: { command: "echo hello; sleep 1000" }\n  b: { command: "echo bye >&2; sleep 1000" }\n',
  });
  const up = startCommand(project, ['up']);
  await waitFor('both lines', up.output, (seen) => /^a(\.1)?\b.*hello$/m.test(seen) && /^b(\.1)?\b.*bye$/m.test(seen));
  expect(up.output()).not.toContain('\x1b');
  up.signal('SIGINT');
  expect(await up.exited).toBe(0);
  expect(project.processes()).toEqual([]);
});

test('a second Ctrl-C kills instances that ignore the first', async () => {
  const project = createProject({
    'procs.yaml': 'services:\n  a: { command: [node, PROGRAMS/ignores-term.mjs], stop: { grace: 60s } }\n',
  });
  const up = startCommand(project, ['up']);
  await waitFor('it is set up', up.output, (seen) => seen.includes('ready to ignore'));
  up.signal('SIGINT');
  await waitFor('it was asked', up.output, (seen) => seen.includes('ignoring SIGTERM'));
  up.signal('SIGINT');
  await up.exited;
  await waitFor('nothing is left', project.processes, (seen) => seen.length === 0, 5_000);
});

test('everything stops when the owning up is killed', async () => {
  const project = createProject({ 'procs.yaml': good });
  const up = startCommand(project, ['up']);
  await waitFor('all run', project.instances, (seen) => seen.length === 3);
  up.signal('SIGKILL');
  await up.exited;
  await waitFor('nothing is left', project.processes, (seen) => seen.length === 0, 8_000);
});

test('up follows a detached supervisor and leaves it running', async () => {
  const project = createProject({
    'procs.yaml': "services:\n  a: { command: 'while :; do echo a line; sleep 0.05; done' }\n",
  });
  await project.up();
  const before = incarnations(mainsOf(project));
  const up = startCommand(project, ['up']);
  await waitFor('it follows', up.output, (seen) => /^a(\.1)?\b.*a line$/m.test(seen));
  const lines = (): number => up.output().split('\n').length;
  const shown = lines();
  up.signal('SIGINT');
  expect(await up.exited).toBe(0);
  // It does not wait for output to pause: sixty lines come in three seconds.
  expect(lines() - shown).toBeLessThan(30);
  expect(incarnations(mainsOf(project))).toEqual(before);
  expect((await project.ps()).converged).toBe(true);
  await project.down();
});

test('logs -f shows new lines until Ctrl-C, over a restart of what it follows', async () => {
  const project = createProject({
    'procs.yaml': 'services:\n  a: { command: \'n=0; while :; do n=$((n+1)); echo "$$ line $n"; sleep 0.05; done\' }\n',
  });
  await project.up();
  const logs = startCommand(project, ['logs', '-f', 'a']);
  await waitFor('lines come', logs.output, (seen) => /line 5$/m.test(seen));
  const pid = /(\d+) line 5$/m.exec(logs.output())![1]!;
  await project.mustOrch(['restart', 'a']);
  await waitFor('lines of the new process come', logs.output, (seen) =>
    [...seen.matchAll(/(\d+) line 5$/gm)].some((match) => match[1] !== pid),
  );
  logs.signal('SIGINT');
  expect([0, 130, null]).toContain(await logs.exited);
  await project.down();
});

test('events -f --json prints one object per line', async () => {
  const project = createProject({ 'procs.yaml': good });
  await project.up();
  const events = startCommand(project, ['events', '-f', '--json']);
  await waitFor('past events are shown', events.output, (seen) => seen.includes('a.1'));
  await project.mustOrch(['restart', 'b']);
  await waitFor('new ones as well', events.output, (seen) =>
    /"(stopped|exited|stopping)".*b\.1|b\.1.*"(stopped|exited|stopping)"/.test(seen),
  );
  for (const line of events.output().trimEnd().split('\n')) JSON.parse(line);
  await project.down();
  expect([0, 1, 3]).toContain(await events.exited);
});

test('logs -f exits when its reader is gone', async () => {
  const project = createProject({
    'procs.yaml': "services:\n  a: { command: 'while :; do echo a line; sleep 0.05; done' }\n",
  });
  await project.up();
  const logs = startCommand(project, ['logs', '-f']);
  await waitFor('lines come', logs.output, (seen) => /a\.1 .*a line/.test(seen));
  logs.closeOutput();
  expect([0, null]).toContain(await logs.exited);
  await project.down();
});

test('followers that never read delay no instance and use no memory', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  churn: { command: [sh, -c, "exit 0"], pool: 5, restart: { policy: always, backoff: { initial: 1ms, max: 1ms } } }
`,
  });
  await project.mustOrch(['up', '-d']);
  const followers = Array.from({ length: 5 }, () => startCommand(project, ['events', '-f', '--json']));
  await waitFor(
    'all follow',
    () => followers.map((one) => one.output()),
    (seen) => seen.every((text) => text.length > 0),
  );
  for (const one of followers) process.kill(one.pid, 'SIGSTOP');
  const restarts = async (): Promise<number> =>
    (await project.ps()).services[0]!.instances.reduce((sum, one) => sum + one.restarts, 0);
  const at = await restarts();
  await waitFor('instances keep restarting', restarts, (seen) => seen > at + 100);
  expect((await project.mustOrch(['ps'])).durationMs).toBeLessThan(2_000);
  for (const one of followers) process.kill(one.pid, 'SIGKILL');
  await project.down();
});

test('up follows the next supervisor after an upgrade and still owns the project', async () => {
  const project = createProject({
    'procs.yaml': 'services:\n  a: { command: "i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.05; done" }\n',
  });
  const up = startCommand(project, ['up']);
  const ticks = () => [...up.output().matchAll(/tick (\d+)$/gm)].map(([, number]) => Number(number));
  await waitFor('it is shown', ticks, (seen) => seen.length > 3);
  await project.mustOrch(['upgrade']);
  await waitFor('the change is reported', up.output, (seen) => /another supervisor has taken over/.test(seen));
  const before = ticks().length;
  await waitFor('it is shown again', ticks, (seen) => seen.length > before + 3);
  expect(ticks()).toEqual([...new Set(ticks())]);
  up.signal('SIGINT');
  expect(await up.exited).toBe(0);
  expect(project.processes()).toEqual([]);
});

test('up follows the next supervisor even when no instance runs during the upgrade', async () => {
  const project = createProject({
    'procs.yaml': 'services:\n  yearly: { command: "true", schedule: "0 0 1 1 *" }\n',
  });
  const up = startCommand(project, ['up']);
  await waitFor(
    'the supervisor runs',
    async () => (await project.orch(['ps'])).exitCode,
    (seen) => seen === 0,
  );
  await project.mustOrch(['upgrade']);
  await waitFor('the change is reported', up.output, (seen) => /another supervisor has taken over/.test(seen));
  up.signal('SIGINT');
  expect(await up.exited).toBe(0);
  expect(up.output()).toContain('everything is down (nothing ran)');
  expect(project.processes()).toEqual([]);
});

test('Ctrl-C ends the instances of a dead supervisor that has no successor', async () => {
  const project = createProject({ 'procs.yaml': good });
  const up = startCommand(project, ['up']);
  await waitFor('all run', project.instances, (seen) => seen.length === 3);
  process.kill((await project.ps()).supervisor.pid, 'SIGKILL');
  up.signal('SIGINT');
  expect(await up.exited).toBe(0);
  expect(up.output()).toContain('everything is down (3 instances stopped)');
  expect(project.processes()).toEqual([]);
});

test('up says what may still run when no supervisor takes over, and how to adopt it', async () => {
  const project = createProject({ 'procs.yaml': good });
  const up = startCommand(project, ['up']);
  await waitFor('all run', project.instances, (seen) => seen.length === 3);
  process.kill((await project.ps()).supervisor.pid, 'SIGKILL');
  expect(await up.exited).toBe(1);
  expect(up.output()).toMatch(/^error: the supervisor has exited unexpectedly.*\nhint: run `orch up`/m);
  expect(project.instances()).toHaveLength(3);
});
