// Paths of log queues that are not plain files: links, devices, places that cannot be written. With real processes.
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createProject } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const TALKER = `'n=0; while [ $n -lt 400 ]; do n=$((n+1)); echo "line $n of the talker"; done; sleep 1000'`;

test('a queue path that is a link stays one, and its rotated files are read', async () => {
  const project = createProject({
    'procs.yaml': `
log_queues: { default: { path: logs/app.log, rotate: { size: 4KiB, keep: 100, compress: none } } }
services: { talker: { command: ${TALKER} } }
`,
  });
  mkdirSync(project.path('logs'));
  symlinkSync('../elsewhere/app.log', project.path('logs/app.log'));
  await project.up();
  const lines = async () => (await project.mustOrch(['logs', '-n', '1000', 'talker'])).stdout.trimEnd().split('\n');
  const printed = await waitFor('all lines', lines, (seen) => seen.length >= 400);
  expect(printed).toHaveLength(400);
  expect(lstatSync(project.path('logs/app.log')).isSymbolicLink()).toBe(true);
  expect(readdirSync(project.path('logs'))).toEqual(['app.log']);
  expect(readdirSync(project.path('elsewhere')).length).toBeGreaterThan(2);
});

test('a FIFO is never renamed, however much is written to it', async () => {
  const project = createProject({
    'procs.yaml': `
log_queues: { default: { path: out.fifo, rotate: { size: 4KiB } } }
services: { talker: { command: ${TALKER} } }
`,
  });
  execFileSync('mkfifo', [project.path('out.fifo')]);
  await project.up();
  const text = execFileSync('timeout', ['5', 'head', '-n', '400', project.path('out.fifo')], { encoding: 'utf8' });
  expect(text).toContain('line 400 of the talker');
  expect(statSync(project.path('out.fifo')).isFIFO()).toBe(true);
  expect(readdirSync(project.root).sort()).toEqual(['.orch', 'out.fifo', 'procs.yaml']);
});

test.each(['/dev/stdout', '/dev/stderr', '/dev/fd/1', '/proc/self/fd/1'])('%s is refused at load', async (path) => {
  const project = createProject({
    'procs.yaml': `log_queues: { default: { path: ${path} } }\nservices: { a: { command: [sleep, "1000"] } }\n`,
  });
  const outcome = await project.orch(['up', '-d']);
  expect(outcome.exitCode).toBe(2);
  expect(outcome.stderr).toContain('leads to the log writer itself');
  expect(outcome.stderr).toContain('`orch up` prints');
});

test.each([
  ['a directory', 'place', /EISDIR/],
  ['below a file', 'procs.yaml/all.log', /ENOTDIR/],
])('a queue path that is %s fails `up --wait`, and is shown', async (_name, path, reason) => {
  const project = createProject({
    'place/file': '',
    'procs.yaml': `
log_queues: { default: { path: ${path} }, other: {} }
services:
  talker: { command: 'while :; do echo hello; sleep 0.01; done' }
  quiet: { command: [sleep, "1000"], log_queue: other }
`,
  });
  const up = await project.orch(['up', '-d', '--wait']);
  expect(up.stderr).toMatch(reason);
  expect(up.exitCode).toBe(1);
  expect((await project.mustOrch(['wait', '--for', 'ready', 'quiet'])).exitCode).toBe(0);
  expect((await project.mustOrch(['ps'])).stdout).toMatch(reason);
  expect((await project.mustOrch(['why', 'talker'])).stdout).toMatch(reason);
  const status = await project.ps();
  expect(status.degraded).toContainEqual({ instance: 'talker.1', reason: expect.stringMatching(reason) });
  // The log writer that runs reports it to the next supervisor as well.
  await project.mustOrch(['upgrade']);
  await waitFor(
    'it is shown again',
    () => project.ps(),
    (now) => (now.degraded ?? []).length > 0,
  );
  const events = (await project.events()).filter(({ type }) => type === 'log_blocked');
  expect(events.length).toBeLessThanOrEqual(4); // of two supervisors
});

test('once the path can be written, the service continues and nothing is degraded', async () => {
  const project = createProject({
    'place/file': '',
    'procs.yaml': `
log_queues: { default: { path: place } }
services: { talker: { command: 'echo hello; sleep 1000' } }
`,
  });
  expect((await project.orch(['up', '-d', '--wait'])).exitCode).toBe(1);
  rmSync(project.path('place'), { recursive: true });
  await waitFor(
    'the line',
    () => project.exists('place'),
    (exists) => exists,
  );
  await waitFor(
    'the line',
    () => readFileSync(project.path('place'), 'utf8'),
    (text) => text.includes('hello'),
  );
  await waitFor(
    'nothing is degraded',
    () => project.ps(),
    ({ degraded }) => degraded?.length === 0,
  );
  await project.mustOrch(['wait', '--timeout', '10s']);
});
