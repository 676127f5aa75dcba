// Probes that wait for signs that a program gives by itself: a line of output, READY=1, WATCHDOG=1.
import { expect, test } from 'vitest';
import { createProject, incarnations, instanceOf, type Project } from '../rig/project.ts';
import { holdsFor, waitFor } from '../rig/wait-for.ts';
import { PROGRAMS } from './procs.ts';

/** Waits for the file `go`, then runs the command. */
const onGo = (what: string): string => `while [ ! -e go ]; do sleep 0.02; done; ${what}; exec sleep 1000`;
const NOTIFY = `perl ${PROGRAMS}notifies.pl`;
const yaml = (what: string, probes: string): string => `
services:
  api:
    command: ${JSON.stringify(onGo(what))}
    pool: 2
    stop: { grace: 500ms }
    restart: { policy: always, backoff: { initial: 50ms } }
    ${probes}
`;
const readyIn = (project: Project, ready: number) =>
  waitFor(`${ready} are ready`, project.ps, (status) => status.services[0]!.ready === ready);

test.each([
  [
    'log',
    'echo "listening on port 80"',
    'readiness: { log: "listening on port \\\\d+$" }',
    /no line of output has matched/,
  ],
  [
    'log on stderr, in two pieces',
    'printf "listen" >&2; sleep 0.1; echo ing >&2',
    'readiness: { log: "^listening$" }',
    /no line/,
  ],
  ['notify', `${NOTIFY} STATUS=fine READY=1`, 'readiness: { notify: true }', /has not sent READY=1 yet/],
  ['notify for startup', `${NOTIFY} READY=1`, 'startup: { notify: true, failures: 1000 }', /has not sent READY=1 yet/],
])('%s: every incarnation is ready when its own sign comes', async (_, what, probes, because) => {
  const project = createProject({ 'procs.yaml': yaml(what, probes) });
  await project.mustOrch(['up', '-d']);
  const status = await waitFor('it says why', project.ps, (seen) =>
    because.test(instanceOf(seen, 'api.1').reason ?? ''),
  );
  expect(instanceOf(status, 'api.1').state).toBe('running');
  project.write('go', '');
  await readyIn(project, 2);
  const before = incarnations(project.instances());
  // Under the next supervisor what was ready stays ready: the sign is not asked for again.
  process.kill((await project.ps()).supervisor.pid, 'SIGKILL');
  await project.up();
  expect((await project.ps()).services[0]).toMatchObject({ ready: 2 });
  expect(incarnations(project.instances())).toEqual(before);
  await project.mustOrch(['restart', 'api.1']);
  await readyIn(project, 2);
  await project.down();
});

test('a readiness line counts even when the program prints it at once', async () => {
  const project = createProject({
    'procs.yaml': `services:\n  api: { command: "echo up; exec sleep 1000", pool: 20, readiness: { log: "^up$" } }\n`,
  });
  await project.mustOrch(['up', '-d', '--wait', '--timeout', '20s']);
  await project.down();
});

test('READY=1 sent while no supervisor runs reaches the next one', async () => {
  const tells = `${NOTIFY} READY=1; touch told.$ORCH_INSTANCE`;
  const project = createProject({ 'procs.yaml': yaml(tells, 'readiness: { notify: true }') });
  await project.mustOrch(['up', '-d']);
  const status = await waitFor('both run', project.ps, (seen) => seen.services[0]!.running === 2);
  process.kill(status.supervisor.pid, 'SIGKILL');
  project.write('go', '');
  await waitFor('both have told', () => project.exists('told.1') && project.exists('told.2'), Boolean);
  await project.up();
  expect((await project.ps()).services[0]).toMatchObject({ ready: 2 });
  await project.down();
});

test('output that no probe waits for, and hostile lines, do no harm', async () => {
  const evil = `node ${PROGRAMS}writes-evil-lines.mjs`;
  const project = createProject({ 'procs.yaml': yaml(evil, 'readiness: { log: "^done$|(a+)+b" }') });
  project.write('go', '');
  await project.up();
  await project.down();
});

test('a service that stops sending WATCHDOG=1 is restarted', async () => {
  const ping = `${NOTIFY} READY=1; echo $WATCHDOG_USEC >usec; while [ ! -e silent ]; do ${NOTIFY} WATCHDOG=1; sleep 0.1; done`;
  const project = createProject({
    'procs.yaml': yaml(
      ping,
      'readiness: { notify: true }\n    liveness: { notify: true, every: 400ms, failures: 2 }',
    ).replace('pool: 2', 'pool: 1'),
  });
  project.write('go', '');
  await project.up();
  expect(project.read('usec').trim()).toBe('400000');
  await holdsFor('it lives', project.ps, (status) => instanceOf(status, 'api.1').restarts === 0, 1_500);
  project.write('silent', '');
  const unhealthy = await waitFor(
    'it is found unhealthy',
    async () => (await project.events()).find(({ type }) => type === 'became_unhealthy'),
    (event) => event !== undefined,
  );
  expect(unhealthy!.message).toMatch(/liveness probe failed: no WATCHDOG=1 for \d+ ms/);
  await project.down();
});
