// The last exits with their stderr, and the service as a whole: `orch show` and the page of the view, through the built command.
import { expect, test } from 'vitest';
import { createProject, type Project } from '../rig/project.ts';
import { SIZES } from '../rig/terminal.ts';
import { waitFor } from '../rig/wait-for.ts';

const stack = `
name: shop
services:
  web:
    command: "echo fine; echo broken pipe >&2; echo giving up >&2; exit 3"
    restart: { policy: on_failure, limit: 1, backoff: 1500ms }
    stderr_queue: errors
log_queues:
  errors: { path: logs/errors.log }
`;

async function failed(): Promise<Project> {
  const project = createProject({ 'procs.yaml': stack });
  await project.mustOrch(['up', '-d']);
  await waitFor(
    'it is given up',
    () => project.ps(),
    ({ services }) => services[0]!.instances[0]!.state === 'failed',
  );
  await waitFor(
    'the lines are in the log',
    async () => (await project.mustOrch(['logs'])).stdout,
    (seen) => seen.split('giving up').length === 3,
  );
  return project;
}

test('show prints each exit with the last lines of its process, the log queues and the generation', async () => {
  const project = await failed();
  const { stdout } = await project.mustOrch(['show', 'web']);
  const exit = String.raw` {2}\d\d:\d\d:\d\d {2}web\.1 ended with exit code 3\n {2}stderr {4}broken pipe\n {2}stderr {4}giving up\n`;
  expect(stdout).toMatch(new RegExp(`\nlast exits\n${exit}${exit}\n`));
  expect(stdout).toMatch(/\n {2}log queue +default: \.orch\/logs\/default\.log, \d+ lines, 0 B of 8\.0 MiB wait\n/);
  expect(stdout).toMatch(
    /\n {2}stderr queue +errors: logs\/errors\.log, 4 lines, 0 B of 8\.0 MiB wait\n {2}generation +1\n/,
  );
  await project.mustOrch(['stop', 'web']);
  expect((await project.mustOrch(['show', 'web'])).stdout).toMatch(/\n {2}override +stopped by a command\n/);
  await project.down();
});

test.each(SIZES)(
  'the page of the view shows the exits at $cols×$rows',
  async (size) => {
    const project = await failed();
    const terminal = project.terminal(['attach'], size);
    await terminal.waitForText(/✗ failed/);
    terminal.type('i');
    await terminal.waitForText(/── web ─/);
    await terminal.waitForText(/web\.1 +failed/);
    await waitFor(
      'the exits, line by line',
      () => {
        terminal.type('j');
        return terminal.screen();
      },
      (screen) => /web\.1 ended with exit code 3\n +stderr +broken pipe\n +stderr +giving up\n/.test(screen),
    );
    terminal.type('qq');
    expect((await terminal.waitForExit()).exitCode).toBe(0);
    await project.down();
  },
  60_000,
);
