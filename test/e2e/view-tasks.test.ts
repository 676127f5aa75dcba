// The tasks in the view, through the built command and at every size: last run, next run, and a run by key.
import { expect, test } from 'vitest';
import { createProject } from '../rig/project.ts';
import { KEY, SIZES } from '../rig/terminal.ts';

const stack = `
name: shop
services:
  migrate: { command: "sleep 0.3; test -e may-pass", restart: never }
  sync: { command: "sleep 0.1", schedule: { every: 1h, at_start: true } }
  web: { command: [sleep, "1000"], depends_on: { migrate: completed } }
`;

test.each(SIZES)(
  'tasks show their runs, and one runs by key, at $cols×$rows',
  async (size) => {
    const project = createProject({ 'procs.yaml': stack });
    await project.mustOrch(['up', '-d']);
    const terminal = project.terminal(['attach'], size);
    await terminal.waitForText(/migrate +✗ failed/);
    terminal.type('K');
    await terminal.waitForText(/── tasks {2}1 failed ─/);
    await terminal.waitForText(/TASK +STATE .*EXIT +NEXT RUN/);
    await terminal.waitForText(/▌ migrate +✗ failed .* 1 /);
    await terminal.waitForText(/sync +◌ waiting .* 0 +.*\d\d:\d\d:\d\d/);
    if (size.cols >= 80) await terminal.waitForText(/web \(waits\)/);
    if (size.cols >= 120) await terminal.waitForText(/every 1h/);
    project.write('may-pass', '');
    terminal.type('r');
    await terminal.waitForText(/▌ migrate +✓ completed .* 0 /);
    await terminal.waitForText(/── tasks ─/);
    terminal.type(KEY.enter);
    await terminal.waitForText(/migrate\.1 +completed, 1 restart/);
    terminal.type('q');
    await terminal.waitForText('── tasks ─');
    terminal.type('K');
    await terminal.waitForText('NAME');
    terminal.type(':tasks how');
    await terminal.waitForText(/▌ tasks: how the last run/);
    terminal.type('\r');
    await terminal.waitForText('── tasks ─');
    terminal.type('q');
    await terminal.waitForText('NAME');
    terminal.type('q');
    expect((await terminal.waitForExit()).exitCode).toBe(0);
    await project.down();
  },
  60_000,
);

test('where no task is declared, the view says so', async () => {
  const project = createProject({ 'procs.yaml': 'services: { web: { command: [sleep, "1000"] } }\n' });
  await project.mustOrch(['up', '-d', '--wait']);
  const terminal = project.terminal(['attach'], { cols: 80, rows: 24 });
  await terminal.waitForText(/web +● ready/);
  terminal.type('K');
  await terminal.waitForText('no task is declared (`restart: never` or `schedule`)');
  terminal.type('qq');
  expect((await terminal.waitForExit()).exitCode).toBe(0);
  await project.down();
});
