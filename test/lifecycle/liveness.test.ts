// Liveness probes with real processes: restart by policy, with the reason; and by the next supervisor as well.
import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { freePorts } from '../rig/free-ports.ts';
import { createProject, incarnations, instanceOf } from '../rig/project.ts';
import { holdsFor, waitFor } from '../rig/wait-for.ts';
import { PROGRAMS } from './procs.ts';

const PORT = await freePorts(2);
const yaml = (more: string): string =>
  `
services:
  api:
    command: [node, ${PROGRAMS}serves-by-file.mjs]
    port: ${PORT}
    pool: 2
    readiness: { tcp: "$` +
  `{PORT}", every: 50ms }
    liveness: { http: "http://127.0.0.1:$` +
  `{PORT}/", every: 100ms, timeout: 300ms, failures: 2, initial_delay: 500ms }
    ${more}
`;

test.each([
  ['answers wrongly', '500', /status 500/],
  ['answers never', 'hang', /no answer within 300 ms/],
])('an instance that %s is restarted, its sibling is not', async (_, answer, because) => {
  const project = createProject({ 'procs.yaml': yaml('restart: { policy: on_failure, backoff: { initial: 50ms } }') });
  await project.up();
  const before = incarnations(project.instances());
  project.write('answer.api.1', answer);
  const unhealthy = await waitFor(
    'it is found unhealthy',
    async () => (await project.events()).find(({ type }) => type === 'became_unhealthy'),
    (event) => event !== undefined,
  );
  expect(unhealthy).toMatchObject({ instance: 'api.1', message: expect.stringMatching(because) });
  rmSync(project.path('answer.api.1'));
  await waitFor(
    'another one runs',
    project.ps,
    (status) => instanceOf(status, 'api.1').restarts > 0 && status.converged,
  );
  const after = incarnations(project.instances());
  expect(after['api.2']).toBe(before['api.2']);
  expect(after['api.1']).not.toBe(before['api.1']);
  const types = (await project.events()).filter(({ instance }) => instance === 'api.1').map(({ type }) => type);
  expect(types.slice(types.indexOf('became_unhealthy'), types.indexOf('became_unhealthy') + 4)).toEqual([
    'became_unhealthy',
    'stopping',
    'exited',
    'backed_off',
  ]);
  await project.down();
});

test('an unhealthy task has failed, whatever its exit code', async () => {
  const project = createProject({ 'procs.yaml': yaml('restart: never').replace('pool: 2', 'pool: 1') });
  await project.up();
  project.write('answer.api.1', '500');
  const status = await waitFor('it has failed', project.ps, (seen) => instanceOf(seen, 'api.1').state === 'failed');
  expect(instanceOf(status, 'api.1')).toMatchObject({
    lastExit: { code: 0 },
    reason: expect.stringMatching(
      /^Was ended as unhealthy \(liveness probe failed: http .*status 500\) and is never restarted/,
    ),
  });
  await project.down();
});

test('probes continue under the next supervisor, and healthy instances keep running', async () => {
  const project = createProject({ 'procs.yaml': yaml('restart: { policy: always, backoff: { initial: 50ms } }') });
  await project.up();
  const before = incarnations(project.instances());
  process.kill((await project.ps()).supervisor.pid, 'SIGKILL');
  await project.up();
  await holdsFor(
    'nothing is touched',
    () => incarnations(project.instances()),
    (now) => JSON.stringify(now) === JSON.stringify(before),
    1_000,
  );
  const status = await project.ps();
  expect(instanceOf(status, 'api.1')).toMatchObject({ state: 'ready', adopted: true });
  project.write('answer.api.2', '500');
  await waitFor(
    'the unhealthy one is restarted',
    () => incarnations(project.instances())['api.2'],
    (now) => now !== undefined && now !== before['api.2'],
  );
  expect(incarnations(project.instances())['api.1']).toBe(before['api.1']);
  await project.down();
});

test('a changed probe applies at once, without a restart', async () => {
  const project = createProject({ 'procs.yaml': yaml('') });
  await project.up();
  const before = incarnations(project.instances());
  project.edit(
    'procs.yaml',
    yaml('').replace('readiness: { tcp: "$' + '{PORT}"', 'readiness: { exec: [test, -e, open]'),
  );
  await waitFor('they are not ready', project.ps, (status) => status.services[0]!.ready === 0);
  project.write('open', '');
  await waitFor('they are ready', project.ps, (status) => status.services[0]!.ready === 2);
  project.edit('procs.yaml', yaml('').replace(/readiness:.*/, ''));
  rmSync(project.path('open'));
  await waitFor('it holds', project.ps, (status) => status.generation === 3 && status.converged);
  expect((await project.ps()).services[0]!.ready).toBe(2);
  expect(incarnations(project.instances())).toEqual(before);
  await project.down();
});
