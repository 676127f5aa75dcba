// `orch logs NAME` reads only the queues that the service ever wrote to, and all of those.
import { appendFileSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createProject, type Project } from '../rig/project.ts';
import { startCommand } from '../rig/running-command.ts';
import { waitFor } from '../rig/wait-for.ts';

const yaml = (queue: string, more = '') => `
log_queues: { main: {}, audit: {}, noise: {} }
services:
  api: { command: [node, PROGRAMS/ticks.mjs], log_queue: ${queue} }
  noise: { command: "echo noise; exec sleep 1000", log_queue: noise }
${more}`;

const texts = async (project: Project, ...args: string[]) =>
  (await project.mustOrch(['logs', '--json', ...args])).stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).line as string);

const haveLines = (project: Project, service: string) =>
  waitFor(
    `lines of ${service}`,
    () => texts(project, service),
    (lines) => lines.length > 2,
  );

test('the queues of other services are not read', async () => {
  const project = createProject({ 'procs.yaml': yaml('main') });
  await project.up();
  await haveLines(project, 'api');
  // A line that would be shown if that file were read.
  appendFileSync(project.path('.orch/logs/noise.log'), '2026-01-31T14:05:00.123Z api.1 o from the other queue\n');
  expect(await texts(project, 'api')).not.toContain('from the other queue');
  expect(await texts(project, 'noise')).toEqual(['noise']);
  expect(await texts(project)).toContain('from the other queue');
  expect(await texts(project, 'api', 'noise')).toContain('from the other queue');
  await project.down();
  expect(await texts(project, 'api.1')).not.toContain('from the other queue');
  // Without the record, everything is read.
  rmSync(project.path('.orch/log-services.json'));
  expect(await texts(project, 'api')).toContain('from the other queue');
});

test('a service that moved: the lines of both queues, also while it is followed', async () => {
  const project = createProject({ 'procs.yaml': yaml('main') });
  await project.up();
  await haveLines(project, 'api');
  const command = startCommand(project, ['logs', '-f', 'api', '-n', '1000']);
  project.edit('procs.yaml', yaml('audit'));
  await waitFor(
    'lines in the new queue',
    () => texts(project, '--queue', 'audit'),
    (lines) => lines.length > 2,
  );
  const both = (await texts(project, 'api')).map(Number);
  expect(both).toEqual(both.map((_, index) => index + 1));
  await waitFor('the follower sees the new queue', command.output, (text) => text.includes(` o ${both.length}\n`));
  const followed = command
    .output()
    .split('\n')
    .filter(Boolean)
    .map((line) => Number(line.split(' ')[3]));
  expect(followed).toEqual(followed.map((_, index) => index + 1));
  command.signal('SIGINT');
  await command.exited;
});

test('a renamed service: its old lines under its old name, its new ones under the new name', async () => {
  const project = createProject({ 'procs.yaml': yaml('main') });
  await project.up();
  await haveLines(project, 'api');
  project.edit('procs.yaml', yaml('main').replace('  api:', '  web:'));
  await haveLines(project, 'web');
  const { stdout, stderr } = await project.mustOrch(['logs', 'api']);
  expect(stdout).toMatch(/ api\.1 o 1\n/);
  expect(stdout).not.toContain('web.1');
  expect(stderr).toContain('no service or instance "api" is declared now');
});

test('the path of a queue changes while it is used: the lines of both files are found where they are', async () => {
  const project = createProject({ 'procs.yaml': yaml('main') });
  await project.up();
  await haveLines(project, 'api');
  project.edit('procs.yaml', yaml('main').replace('main: {}', 'main: { path: logs/other.log }'));
  await waitFor(
    'lines in the new file',
    () => texts(project, 'api'),
    (lines) => lines.length > 0 && Number(lines[0]) > 1,
  );
  const first = Number((await texts(project, 'api'))[0]);
  expect(project.read('.orch/logs/main.log')).toContain(` o ${first - 1}\n`);
});
