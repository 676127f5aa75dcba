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

test('up shows the services; q stops everything, once asked, and restores the terminal', async () => {
  const project = createProject({ 'procs.yaml': stack });
  const terminal = project.terminal(['up']);
  await terminal.waitForText('shop');
  await terminal.waitForText('worker');
  await allRun(project);
  terminal.type('qs');
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

test('Ctrl-C stops everything while the view is still loading', async () => {
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

test('a second Ctrl-C kills at once an instance that ignores the first', async () => {
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

test('d detaches and keeps everything running; attach returns, and q leaves it running', async () => {
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

test('a supervisor stops when its terminal vanishes', async () => {
  const project = createProject({ 'procs.yaml': stack });
  const terminal = project.terminal(['up']);
  await terminal.waitForText('worker');
  await allRun(project);
  terminal.close();
  await waitFor('nothing is left', project.processes, (seen) => seen.length === 0, 8_000);
});

test('the view shows a rejected edit with its position', async () => {
  const project = createProject({ 'procs.yaml': stack });
  const terminal = project.terminal(['up']);
  await terminal.waitForText('worker');
  project.edit('procs.yaml', stack.replace('pool: 3', 'poool: 3'));
  await terminal.waitForText(/procs\.yaml:4:\d+/);
  terminal.type('qs');
  await terminal.waitForExit();
});

test('output of instances cannot change the screen, title or modes', async () => {
  const project = createProject({
    'procs.yaml': 'services:\n  evil: { command: [node, PROGRAMS/prints-escapes.mjs] }\n',
    // The view takes the mouse by itself otherwise.
    'config/orch/config.yaml': 'view: { mouse: false }\n',
  });
  const terminal = project.terminal(['up'], { env: { XDG_CONFIG_HOME: `${project.root}/config` } });
  await terminal.waitForText('after 8');
  expect(terminal.raw()).not.toContain('\x1b]0;OWNED');
  expect(terminal.raw()).not.toContain('\x1b]52');
  expect(terminal.modes().mouse).toBe(false);
  terminal.type('qs');
  await terminal.waitForExit();
  expect(terminal.modes()).toEqual(asBefore);
});

test('the view fits into 40 × 10 and follows a resize', async () => {
  const project = createProject({ 'procs.yaml': stack });
  const terminal = project.terminal(['up'], { cols: 40, rows: 10 });
  await terminal.waitForText('api');
  terminal.resize(100, 30);
  await terminal.waitForText('worker');
  terminal.type('qs');
  await terminal.waitForExit();
  expect(terminal.modes()).toEqual(asBefore);
});

test('the view follows the next supervisor after an upgrade, and q still stops everything', async () => {
  const project = createProject({ 'procs.yaml': stack });
  const terminal = project.terminal(['up']);
  await terminal.waitForText('worker');
  await allRun(project);
  const before = incarnations(project.instances());
  await project.mustOrch(['upgrade']);
  expect(incarnations(project.instances())).toEqual(before);
  await project.mustOrch(['scale', 'worker=2']);
  await terminal.waitForText(/worker ×2/);
  terminal.type('qs');
  expect((await terminal.waitForExit()).exitCode).toBe(0);
  expect(terminal.modes()).toEqual(asBefore);
  await waitFor('nothing is left', project.processes, (seen) => seen.length === 0, 3_000);
});

test('the view keeps row, filter and switches over an upgrade and reports it', async () => {
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
  terminal.type('qs');
  await terminal.waitForExit();
});
