// The start-up in the view, through the built command and at every size: the chain, and what is not ready yet.
import { expect, test } from 'vitest';
import { createProject } from '../rig/project.ts';

const stack = `
name: shop
services:
  web: { command: [sleep, "1000"], depends_on: { migrate: completed } }
  migrate: { command: "sleep 0.6", restart: never, depends_on: { db: ready } }
  db: { command: [sleep, "1000"] }
  late: { command: [sleep, "1000"], readiness: { exec: [test, -e, late-is-ready] } }
`;

test.each([
  { cols: 80, rows: 24 },
  { cols: 120, rows: 40 },
  { cols: 200, rows: 50 },
  { cols: 60, rows: 20 },
])(
  'the chain of the start is shown, and grows with what becomes ready at $cols×$rows',
  async (size) => {
    const project = createProject({ 'procs.yaml': stack });
    await project.mustOrch(['up', '-d']);
    await project.mustOrch(['wait', '--for', 'ready', 'web']);
    const terminal = project.terminal(['attach'], size);
    await terminal.waitForText(/web +● ready/);
    terminal.type('B');
    await terminal.waitForText(/start-up {2}[\d.]+ m?s so far/);
    await terminal.waitForText(
      /the chain that decided it\n +db\.1 +\+\d+ ms +\d.*started.*\n +migrate\.1 .*completed.*\n +web\.1 .*started/,
    );
    await terminal.waitForText(/not ready yet\n +◑ late\.1 +running/);
    project.write('late-is-ready', '');
    await terminal.waitForText(/the chain that decided it\n +late\.1 .*ready/);
    await terminal.waitForText(/start-up {2}[\d.]+ m?s in all/);
    terminal.type('B');
    await terminal.waitForText('NAME');
    terminal.type('q');
    expect((await terminal.waitForExit()).exitCode).toBe(0);
    await project.down();
  },
  60_000,
);
