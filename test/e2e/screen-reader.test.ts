// The view for screen readers through the built command: plain lines only, commands are typed, and it ends as the view does.
import { expect, test } from 'vitest';
import { createProject } from '../rig/project.ts';
import { KEY } from '../rig/terminal.ts';
import { waitFor } from '../rig/wait-for.ts';

const stack = `
name: shop
services:
  api: { command: "echo hello from the api; sleep 1000", pool: 2 }
  worker: { command: [sleep, "1000"] }
`;
const TIMEOUT_MS = 60_000;

test.each([
  ['--screen-reader', ''],
  ['view: { screen_reader: true }', 'view: { screen_reader: true }\n'],
])(
  '%s: sentences, no control sequences, no boxes; commands and questions',
  async (_how, settings) => {
    const project = createProject({ 'procs.yaml': stack, 'config/orch/config.yaml': settings });
    const env = { XDG_CONFIG_HOME: `${project.root}/config` };
    const terminal = project.terminal(settings === '' ? ['up', '--screen-reader'] : ['up'], {
      cols: 80,
      rows: 24,
      env,
    });
    await terminal.waitForText('api.1: hello from the api');
    terminal.type('status\r');
    await terminal.waitForText('api: ready, 2 of 2');
    terminal.type('restart worker\r');
    await terminal.waitForText('orch: restarting worker');
    terminal.type('restart api\r');
    await terminal.waitForText('restart all 2 instances of api? yes or no');
    terminal.type('no\r');
    await terminal.waitForText('orch: nothing was done');
    terminal.type('scale worker\r');
    await terminal.waitForText('scale worker from 1 to how many? edits procs.yaml');
    terminal.type('2\r');
    await waitFor(
      'worker.2 runs',
      () => project.instances(),
      (ids) => JSON.stringify(ids).includes('worker.2'),
    );
    terminal.type('quit\r');
    await terminal.waitForText('leave? s: stop everything');
    terminal.type('s\r');
    expect((await terminal.waitForExit()).exitCode).toBe(0);
    expect(terminal.raw()).not.toMatch(/[\x1b\u2500-\u27bf]/);
    expect(project.processes()).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'detach leaves everything running; Ctrl-C in attach as well',
  async () => {
    const project = createProject({ 'procs.yaml': stack });
    const first = project.terminal(['up', '--screen-reader']);
    await first.waitForText('hello from the api');
    first.type('detach\r');
    expect((await first.waitForExit()).exitCode).toBe(0);
    expect(first.screen()).toContain('the project keeps running');
    const second = project.terminal(['attach', '--screen-reader']);
    await second.waitForText('"help" names all');
    second.type(KEY.ctrlC);
    expect((await second.waitForExit()).exitCode).toBe(0);
    expect(project.processes().length).toBeGreaterThan(2);
    await project.down();
  },
  TIMEOUT_MS,
);
