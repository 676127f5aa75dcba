// The view in a real pseudo-terminal: it shows what runs, obeys keys, and gives the terminal back (I17).
import { expect, test } from 'vitest';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { KEY } from '../rig/terminal.ts';
import { waitFor } from '../rig/wait-for.ts';

const stack = `
name: shop
services:
  api: { command: "echo hello from the api; sleep 1000", pool: 3 }
  worker: { command: [sleep, "1000"] }
`;
const allRun = (project: Project) =>
  waitFor(
    'all run',
    () => Object.keys(incarnations(project.instances())),
    (seen) => seen.length === 4,
  );
const asBefore = { alternateScreen: false, cursorHidden: false, mouse: false, bracketedPaste: false };

test('up shows the services, and q stops everything and gives the terminal back', async () => {
  const project = createProject({ 'procs.yaml': stack });
  const terminal = project.terminal(['up']);
  await terminal.waitForText('shop');
  await terminal.waitForText('worker');
  await allRun(project);
  terminal.type('q');
  const { exitCode } = await terminal.waitForExit();
  expect(exitCode).toBe(0);
  expect(terminal.modes()).toEqual(asBefore);
  await waitFor('nothing is left', project.processes, (seen) => seen.length === 0, 3_000);
});

test('Ctrl-C stops everything in order', async () => {
  const project = createProject({ 'procs.yaml': stack });
  const terminal = project.terminal(['up']);
  await allRun(project);
  await terminal.waitForText('worker');
  terminal.type(KEY.ctrlC);
  expect((await terminal.waitForExit()).exitCode).toBe(0);
  expect(terminal.modes()).toEqual(asBefore);
  expect(project.processes()).toEqual([]);
});

test('Ctrl-C while the view is still being loaded stops everything too', async () => {
  const project = createProject({ 'procs.yaml': stack });
  const terminal = project.terminal(['up']);
  await waitFor(
    'one runs',
    () => project.instances().length,
    (count) => count > 0,
  );
  terminal.type(KEY.ctrlC);
  expect((await terminal.waitForExit()).exitCode).toBe(0);
  expect(terminal.modes()).toEqual(asBefore);
  expect(project.processes()).toEqual([]);
});

test('a second Ctrl-C ends at once what ignores the first', async () => {
  const project = createProject({
    'procs.yaml': 'services:\n  a: { command: [node, PROGRAMS/ignores-term.mjs], stop: { grace: 60s } }\n',
  });
  const terminal = project.terminal(['up']);
  await terminal.waitForText('ready to ignore');
  terminal.type(KEY.ctrlC);
  await terminal.waitForText(/stopping|ignoring SIGTERM/i);
  await waitFor(
    'the first was passed on',
    async () => (await project.orch(['logs'])).stdout,
    (seen) => seen.includes('ignoring SIGTERM'),
  );
  terminal.type(KEY.ctrlC);
  await terminal.waitForExit();
  expect(terminal.modes()).toEqual(asBefore);
  await waitFor('nothing is left', project.processes, (seen) => seen.length === 0, 5_000);
});

test('d detaches and keeps everything; attach comes back, q leaves it running', async () => {
  const project = createProject({ 'procs.yaml': stack });
  const first = project.terminal(['up']);
  await first.waitForText('worker');
  await allRun(project);
  const before = incarnations(project.instances());
  first.type('d');
  expect((await first.waitForExit()).exitCode).toBe(0);
  const second = project.terminal(['attach']);
  await second.waitForText('worker');
  second.type('q');
  expect((await second.waitForExit()).exitCode).toBe(0);
  expect(second.modes()).toEqual(asBefore);
  expect(incarnations(project.instances())).toEqual(before);
  await project.down();
});

test('a terminal that vanishes takes its supervisor down with it', async () => {
  const project = createProject({ 'procs.yaml': stack });
  const terminal = project.terminal(['up']);
  await terminal.waitForText('worker');
  await allRun(project);
  terminal.close();
  await waitFor('nothing is left', project.processes, (seen) => seen.length === 0, 8_000);
});

test('a rejected edit is shown with its position', async () => {
  const project = createProject({ 'procs.yaml': stack });
  const terminal = project.terminal(['up']);
  await terminal.waitForText('worker');
  project.edit('procs.yaml', stack.replace('pool: 3', 'poool: 3'));
  await terminal.waitForText(/procs\.yaml:4:\d+/);
  terminal.type('q');
  await terminal.waitForExit();
});

test('what children print cannot touch the screen, title or modes', async () => {
  const project = createProject({
    'procs.yaml': 'services:\n  evil: { command: [node, PROGRAMS/prints-escapes.mjs] }\n',
  });
  const terminal = project.terminal(['up']);
  await terminal.waitForText('after 8');
  expect(terminal.raw()).not.toContain('\x1b]0;OWNED');
  expect(terminal.raw()).not.toContain('\x1b]52');
  expect(terminal.modes().mouse).toBe(false);
  terminal.type('q');
  await terminal.waitForExit();
  expect(terminal.modes()).toEqual(asBefore);
});

test('it fits into 40 × 10, and follows a resize', async () => {
  const project = createProject({ 'procs.yaml': stack });
  const terminal = project.terminal(['up'], { cols: 40, rows: 10 });
  await terminal.waitForText('api');
  terminal.resize(100, 30);
  await terminal.waitForText('worker');
  terminal.type('q');
  await terminal.waitForExit();
  expect(terminal.modes()).toEqual(asBefore);
});

test('the view goes on with the supervisor that takes over, and q still stops everything', async () => {
  const project = createProject({ 'procs.yaml': stack });
  const terminal = project.terminal(['up']);
  await terminal.waitForText('worker');
  await allRun(project);
  const before = incarnations(project.instances());
  await project.mustOrch(['upgrade']);
  expect(incarnations(project.instances())).toEqual(before);
  await project.mustOrch(['scale', 'worker=2']);
  await terminal.waitForText(/worker ×2/);
  terminal.type('q');
  expect((await terminal.waitForExit()).exitCode).toBe(0);
  expect(terminal.modes()).toEqual(asBefore);
  await waitFor('nothing is left', project.processes, (seen) => seen.length === 0, 3_000);
});

test('row, filter and switches of the view outlive an upgrade, which it tells', async () => {
  const project = createProject({ 'procs.yaml': stack });
  const terminal = project.terminal(['up'], { cols: 100, rows: 30 });
  await terminal.waitForText('worker');
  await allRun(project);
  terminal.type('G/work\r');
  await terminal.waitForText('worker output');
  await project.mustOrch(['upgrade']);
  await terminal.waitForText('another supervisor has taken over');
  await terminal.waitForText('worker output');
  expect(terminal.screen()).not.toContain('api.1');
  terminal.type('q');
  await terminal.waitForExit();
});

test('Ctrl-C before the next supervisor is found stops everything once it is', async () => {
  const project = createProject({ 'procs.yaml': stack });
  const terminal = project.terminal(['up']);
  await terminal.waitForText('worker');
  await allRun(project);
  process.kill((await project.ps()).supervisor.pid, 'SIGKILL');
  await waitFor('the view is left', terminal.modes, (modes) => !modes.alternateScreen, 2_000);
  terminal.type(KEY.ctrlC);
  await project.orch(['up', '-d']); // may find that it is stopped already
  expect((await terminal.waitForExit()).exitCode).toBe(0);
  await waitFor('nothing is left', project.processes, (seen) => seen.length === 0, 3_000);
});
