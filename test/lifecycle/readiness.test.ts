// Readiness probes with real processes: each kind, thresholds, what depends on it.
import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { freePorts } from '../rig/free-ports.ts';
import { createProject, incarnations, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const SERVER = 'command: [node, LIFECYCLE/serves-by-file.mjs, api.sock]';

import { PROGRAMS } from './procs.ts';

const procs = (text: string): Record<string, string> => ({ 'procs.yaml': text.replaceAll('LIFECYCLE/', PROGRAMS) });
const becomes = (project: Project, id: string, state: string) =>
  waitFor(`${id} is ${state}`, project.ps, (status) => instanceOf(status, id).state === state, 15_000);

/** A probe, the port that its service gets, and what makes its condition hold and fail. */
const kinds: [string, string, (project: Project) => void, (project: Project) => void][] = [
  [
    'http',
    'http: { url: "http://127.0.0.1:$' + '{PORT}/healthz", headers: { X-Probe: me }, status: 204, body: "" }',
    (project) => project.write('answer.api.1', '204'),
    (project) => project.write('answer.api.1', '500'),
  ],
  [
    'exec',
    'exec: [test, -e, is-fine]',
    (project) => project.write('is-fine', ''),
    (project) => rmSync(project.path('is-fine')),
  ],
];

test.each(kinds)(
  '%s: an instance turns ready, unready and ready again, and dependents wait for it',
  async (_, probe, hold, fail) => {
    const project = createProject(
      procs(`
services:
  api: { ${SERVER}, port: ${await freePorts()}, readiness: { ${probe}, every: 100ms, failures: 2 } }
  web: { command: [sleep, "1000"], depends_on: { api: ready } }
`),
    );
    project.write('answer.api.1', '503');
    await project.mustOrch(['up', '-d']);
    const status = await waitFor('api says why', project.ps, (seen) => instanceOf(seen, 'api.1').reason !== null);
    expect(instanceOf(status, 'api.1')).toMatchObject({
      state: 'running',
      reason: expect.stringMatching(/^Alive, not ready yet: /),
    });
    expect(instanceOf(status, 'web.1')).toMatchObject({ state: 'waiting', pid: null });
    expect(status.converged).toBe(false);
    hold(project);
    await project.mustOrch(['wait']);
    const before = incarnations(project.instances());
    expect(Object.keys(before).sort()).toEqual(['api.1', 'web.1']);
    fail(project);
    const unready = await becomes(project, 'api.1', 'unready');
    expect(unready.services[0]).toMatchObject({ running: 1, ready: 0 });
    hold(project);
    await becomes(project, 'api.1', 'ready');
    // Nothing was restarted, dependents included: that is what `on_loss: ignore` means.
    expect(incarnations(project.instances())).toEqual(before);
    await project.down();
  },
);

test.each([
  ['tcp', 'tcp: "$' + '{PORT}"'],
  ['tcp with a host', 'tcp: "localhost:$' + '{PORT}"'],
  ['unix', 'unix: api.sock'],
  ['delay', 'delay: 300ms'],
  ['several together', 'tcp: "$' + '{PORT}", unix: api.sock, exec: "test -e api.sock"'],
])('%s: an instance is ready once its probe succeeds', async (_, probe) => {
  const project = createProject(
    procs(`services:\n  api: { ${SERVER}, port: ${await freePorts()}, readiness: { ${probe}, every: 100ms } }\n`),
  );
  await project.up();
  const events = await project.events();
  const of = (type: string) => events.find((event) => event.type === type)!;
  expect(of('became_ready').seq).toBeGreaterThan(of('started').seq);
  expect(instanceOf(await project.ps(), 'api.1')).toMatchObject({ state: 'ready', reason: null });
  await project.down();
});

test('a startup probe delays the other probes', async () => {
  const port = await freePorts();
  const yaml = (startup: string): string => `
services:
  api:
    ${SERVER}
    port: ${port}
    startup: { ${startup} }
    liveness: { exec: [test, -e, never-there], every: 50ms, failures: 1 }
    restart: { policy: on_failure, backoff: { initial: 50ms } }
`;
  const project = createProject(procs(yaml('exec: [test, -e, up], every: 100ms, failures: 100')));
  await project.mustOrch(['up', '-d']);
  const held = await waitFor('held back', project.ps, (seen) => instanceOf(seen, 'api.1').reason !== null);
  expect(instanceOf(held, 'api.1')).toMatchObject({ state: 'running', restarts: 0 });
  project.write('up', '');
  await waitFor('its liveness counts now', project.ps, (seen) => instanceOf(seen, 'api.1').restarts > 0);
  const unhealthy = (await project.events()).find((event) => event.type === 'became_unhealthy')!;
  expect(unhealthy.message).toMatch(/^api\.1 is unhealthy: liveness probe failed: exec: exit code 1/);
  await project.down();
});
