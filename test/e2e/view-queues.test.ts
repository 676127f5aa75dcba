// The log queues in the view, through the built command and at every size: what comes in, and what is lost.
import { expect, test } from 'vitest';
import { createProject } from '../rig/project.ts';

const stack = `
name: shop
log_queues:
  quiet: { path: quiet.log }
services:
  ticker: { command: "while :; do echo a line; sleep 0.05; done" }
  quiet: { command: [sleep, "1000"], log_queue: quiet }
`;

test.each([
  { cols: 80, rows: 24, bytes: true },
  { cols: 120, rows: 40, bytes: true },
  { cols: 200, rows: 50, bytes: true },
  { cols: 60, rows: 15, bytes: false },
])(
  'queues show how much comes in, and where it goes, at $cols×$rows',
  async ({ bytes, ...size }) => {
    const project = createProject({ 'procs.yaml': stack });
    await project.mustOrch(['up', '-d', '--wait']);
    const terminal = project.terminal(['attach'], size);
    await terminal.waitForText(/ticker +● ready/);
    terminal.type('Q');
    await terminal.waitForText('── log queues ─');
    await terminal.waitForText(/default +░{10} +0 B of 8\.0 MiB +[1-9]\d?\b/);
    await terminal.waitForText(/quiet +░{10} +0 B of 8\.0 MiB +0\b/);
    await terminal.waitForText(/quiet\.log +when it is full, its programs wait/);
    if (bytes) await terminal.waitForText(/LINES\/S +BYTES\/S/);
    terminal.type('Q');
    await terminal.waitForText('NAME');
    terminal.type(':log queues');
    await terminal.waitForText(/▌ log queues: what waits/);
    terminal.type('\r');
    await terminal.waitForText('── log queues ─');
    terminal.type('q');
    await terminal.waitForText('NAME');
    terminal.type('q');
    expect((await terminal.waitForExit()).exitCode).toBe(0);
    await project.down();
  },
  60_000,
);
