// The library in the process of the test: results, errors as values, streams; and nothing that is printed.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect, type EventRecord, load, OrchError, plan, type Status } from '../../src/index.ts';
import { git } from '../rig/git.ts';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { theSupervisor } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const FILE = `env: { LEVEL: "\${LEVEL:-info}", API_TOKEN: abc }
services:
  api: { command: [sleep, "1000"], pool: 2, tags: [backend] }
  once: { command: [sh, -c, "exit 3"], restart: never, start: manual }
`;
const printed: unknown[] = [];

beforeEach(() => {
  printed.length = 0;
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((text) => printed.push(text) > 0);
  }
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    throw new Error(`exit ${code}`);
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  expect(printed).toEqual([]);
});

const optionsOf = (project: Project) => ({ file: project.path('procs.yaml'), variables: {} });

async function rejection(promise: Promise<unknown>): Promise<OrchError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(OrchError);
  return error as OrchError;
}

test('load returns the effective configuration, or every problem with its place', async () => {
  const project = createProject({ 'procs.yaml': FILE, 'procs.prod.yaml': 'services: { api: { pool: 5 } }\n' });
  const options = optionsOf(project);
  const loaded = await load({ ...options, variables: { LEVEL: 'debug' } });
  if (!loaded.ok) throw new Error('rejected');
  expect(loaded).toMatchObject({ env: null, root: project.root, files: ['procs.yaml'], warnings: [] });
  expect(loaded.config.services?.api).toMatchObject({ pool: 2, env: { LEVEL: 'debug', API_TOKEN: '***' } });
  const prod = await load({ ...options, env: 'prod', defaults: true });
  expect(prod).toMatchObject({ ok: true, env: 'prod', config: { services: { api: { pool: 5, restart: {} } } } });
  expect(await load({ ...options, variables: { ORCH_ENV: 'prod' } })).toMatchObject({ env: 'prod' });
  project.write('procs.yaml', 'services:\n  api: { comand: x, pool: many }\n');
  const rejected = await load(options);
  if (rejected.ok) throw new Error('loaded');
  const [first] = rejected.problems;
  expect(first).toMatchObject({ severity: 'error', file: 'procs.yaml', line: 2, code: 'unknown-key' });
  expect(first?.hint).toContain('command');
  expect(rejected.problems.length).toBeGreaterThan(1);
  expect(await load(project.path('none.yaml'))).toMatchObject({ ok: false, problems: [{ file: 'none.yaml' }] });
});

test('plan compares the files with what runs, and commits with each other', async () => {
  const project = createProject({ 'procs.yaml': FILE });
  const options = optionsOf(project);
  git(project.root, 'init', '-q');
  git(project.root, 'add', 'procs.yaml');
  git(project.root, 'commit', '-qm', 'first');
  expect(await plan(options)).toMatchObject({ ok: true, plan: { from: { kind: 'nothing' }, summary: { changes: 1 } } });
  project.write('procs.yaml', FILE.replace('pool: 2', 'pool: 3'));
  const changed = await plan({ ...options, from: 'HEAD' });
  expect(changed).toMatchObject({ ok: true, plan: { changes: [{ service: 'api', action: 'scale' }] } });
  expect(await plan({ ...options, from: 'HEAD', to: 'HEAD' })).toMatchObject({ plan: { changes: [] } });
  expect(await plan({ ...options, from: 'nowhere' })).toMatchObject({ ok: false, problems: [{ severity: 'error' }] });
  expect(project.processes()).toEqual([]);
});

test('a connection shows and changes what runs', async () => {
  const project = createProject({ 'procs.yaml': FILE });
  expect(await connect(optionsOf(project))).toBeNull();
  await project.up();
  const orch = (await connect(optionsOf(project)))!;
  expect(orch.file).toBe(project.path('procs.yaml'));
  const done = new AbortController();
  const seen: EventRecord[] = [];
  const events = (async () => {
    for await (const event of orch.events({ signal: done.signal })) seen.push(event);
  })();
  const statuses = orch.watch({ minIntervalMs: 20 });
  expect((await statuses.next()).value?.services[0]).toMatchObject({ name: 'api', running: 2 });

  const before = instanceOf(await orch.status(), 'api.2').pid;
  expect((await orch.restart('api.2')).instances).toEqual(['api.2']);
  await orch.wait('api', { for: 'ready', timeoutMs: 20_000 });
  expect(instanceOf(await orch.status(), 'api.2').pid).not.toBe(before);
  expect((await orch.stop('tag:backend')).instances).toEqual(['api.1', 'api.2']);
  expect((await orch.start(['api'])).instances).toEqual(['api.1', 'api.2']);
  expect(await orch.scale('api', 3)).toEqual({ service: 'api', size: 3 });
  await until(statuses, ({ services }) => services[0]?.running === 3);
  await orch.scale('api', null);
  await orch.start('once');
  expect((await orch.wait('once')).exitCode).toBe(3);
  expect((await orch.why('once'))[0]?.state).toBe('failed');

  const unknown = await rejection(orch.stop('apy'));
  expect(unknown).toMatchObject({ code: 'not-found', hint: 'did you mean "api"?' });
  expect(unknown.problems).toMatchObject([{ severity: 'error', code: 'not-found', file: 'procs.yaml' }]);
  expect((await rejection(orch.stop([]))).code).toBe('usage');
  expect((await rejection(orch.wait('once', { for: 'ready' }))).code).toBe('failed');
  expect(await plan(optionsOf(project))).toMatchObject({ ok: true, plan: { from: { kind: 'running' }, changes: [] } });

  done.abort();
  await events;
  expect(seen.map(({ type }) => type)).toContain('started');
  expect((await statuses.return?.())?.done).toBe(true);
  expect((await orch.down()).stopped).toBe(2);
  expect(project.processes()).toEqual([]);
});

test('a supervisor that is gone ends the streams and the requests with an error', async () => {
  const project = createProject({ 'procs.yaml': FILE });
  await project.up();
  const orch = (await connect(optionsOf(project)))!;
  const events = orch.events({ fromSeq: Number.MAX_SAFE_INTEGER });
  const next = rejection(events.next());
  process.kill(theSupervisor(project).pid, 'SIGKILL');
  expect((await next).code).toBe('lost');
  await orch.closed;
  expect((await rejection(orch.status())).code).toBe('lost');
  // It closes its connections a moment before its socket.
  await waitFor(
    'it is gone',
    () => plan(optionsOf(project)),
    (planned) => !planned.ok && planned.problems[0]?.code === 'no-supervisor',
  );
  await project.down();
});

async function until(statuses: AsyncIterableIterator<Status>, holds: (status: Status) => boolean): Promise<void> {
  for (;;) {
    const { value, done } = await statuses.next();
    if (done) throw new Error('the stream has ended');
    if (holds(value)) return;
  }
}
