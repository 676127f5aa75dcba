// The manners of the view, through the built command and at every size: back, questions, a lost supervisor.
import { describe, expect, test } from 'vitest';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { KEY, SIZES } from '../rig/terminal.ts';
import { waitFor } from '../rig/wait-for.ts';

const stack = `
name: shop
services:
  api: { command: "echo hello from the api; sleep 1000", pool: 2 }
  worker: { command: [sleep, "1000"] }
`;
const asBefore = { alternateScreen: false, cursorHidden: false, mouse: false, bracketedPaste: false };
const TIMEOUT_MS = 60_000;

async function opened(options: { cols: number; rows: number; env?: Record<string, string> }, args = ['up']) {
  const project = createProject({ 'procs.yaml': stack });
  const terminal = project.terminal(args, options);
  await terminal.waitForText(/worker +● ready/);
  await terminal.waitForText(/api ×2 +● ready 2\/2/);
  return { project, terminal };
}
const idsOf = (project: Project) => incarnations(project.instances());

describe.each(SIZES)('at $cols×$rows', (size) => {
  test(
    'q and Esc go back; several instances and the end of the project are asked about',
    async () => {
      const { project, terminal } = await opened(size);
      const before = idsOf(project);
      for (const [view, shown] of [
        ['l', /── all output ─/],
        ['e', /── events ─/],
        ['?', /── keys ─/],
        ['w', /── why api ─/],
      ] as const) {
        for (const back of ['q', KEY.escape]) {
          terminal.type(view);
          await waitFor('the view is shown', terminal.screen, (seen) => shown.test(seen) && !seen.includes('NAME'));
          terminal.type(back);
          await terminal.waitForText('NAME');
        }
      }
      terminal.type('r');
      await terminal.waitForText('restart all 2 instances of api?');
      terminal.type('n');
      await waitFor('the question is gone', terminal.screen, (seen) => !seen.includes('instances of api?'));
      terminal.type('s');
      await terminal.waitForText('stop all 2 instances of api?');
      terminal.type(KEY.escape);
      await waitFor('the question is gone', terminal.screen, (seen) => !seen.includes('instances of api?'));
      terminal.type('q');
      await terminal.waitForText(/leave\?\s+s stop all\s+d detach\s+Esc stay/);
      terminal.type(KEY.escape);
      await waitFor('the question is gone', terminal.screen, (seen) => !seen.includes('leave?'));
      expect(idsOf(project)).toEqual(before);
      terminal.type('ry');
      await waitFor(
        'both are others',
        () => idsOf(project),
        (now) => ['api.1', 'api.2'].every((id) => now[id] !== undefined && now[id] !== before[id]),
      );
      terminal.type('qd');
      expect((await terminal.waitForExit()).exitCode).toBe(0);
      expect(terminal.modes()).toEqual(asBefore);
      expect(idsOf(project)['worker.1']).toBe(before['worker.1']);
      await project.down();
    },
    TIMEOUT_MS,
  );

  test(
    'a lost supervisor keeps the screen with a banner; the next one continues it',
    async () => {
      const { project, terminal } = await opened(size);
      const before = idsOf(project);
      terminal.type('G');
      await terminal.waitForText('── worker output');
      process.kill((await project.ps()).supervisor.pid, 'SIGKILL');
      await terminal.waitForText('no supervisor answers since');
      await terminal.waitForText('── worker output');
      terminal.type('r');
      await terminal.waitForText('no supervisor answers; nothing was done');
      await project.mustOrch(['up', '-d']);
      await terminal.waitForText('another supervisor has taken over');
      expect(terminal.raw()).not.toContain('\x1b[?1049l'); // the screen was never left
      await terminal.waitForText('── worker output');
      expect(idsOf(project)).toEqual(before);
      terminal.type('qs');
      expect((await terminal.waitForExit()).exitCode).toBe(0);
      await waitFor('nothing is left', project.processes, (seen) => seen.length === 0, 3_000);
    },
    TIMEOUT_MS,
  );
});

test('--yes and the configuration of the user ask nothing', async () => {
  const first = await opened({ cols: 80, rows: 24 }, ['up', '--yes']);
  const before = idsOf(first.project);
  first.terminal.type('r');
  await waitFor(
    'api is restarted',
    () => idsOf(first.project),
    (now) => now['api.1'] !== undefined && now['api.1'] !== before['api.1'],
  );
  first.terminal.type('q');
  expect((await first.terminal.waitForExit()).exitCode).toBe(0);
  expect(first.project.processes()).toEqual([]);

  const config = createProject({ 'procs.yaml': stack, 'config/orch/config.yaml': 'view: { confirm: false }\n' });
  const env = { XDG_CONFIG_HOME: `${config.root}/config` };
  const second = config.terminal(['up'], { cols: 80, rows: 24, env });
  await second.waitForText(/worker +● ready/);
  second.type('q');
  expect((await second.waitForExit()).exitCode).toBe(0);
  expect(config.processes()).toEqual([]);
});

test.each([
  ['view: { confirm: perhaps }', '`view.confirm` must be true or false'],
  ['veiw: {}', 'unknown key "veiw"'],
  ['view: [', 'error: '],
  ['view:\n  theme: ligth', 'config.yaml:2:10'],
])('a mistake in the configuration of the user is named: %s', async (text, message) => {
  const project = createProject({ 'procs.yaml': stack, 'config/orch/config.yaml': text });
  await project.mustOrch(['up', '-d']);
  const terminal = project.terminal(['attach'], { env: { XDG_CONFIG_HOME: `${project.root}/config` } });
  expect((await terminal.waitForExit()).exitCode).toBe(2);
  expect(terminal.screen()).toContain(message);
  expect(terminal.screen()).toContain('config.yaml');
  await project.down();
});

test(
  'colours and keys of the user',
  async () => {
    const text =
      'view:\n  theme: mine\n  themes: { mine: { like: light, good: "#010203" } }\n  keys: { why: [W, "ctrl+w"], quit: Q }\n';
    const project = createProject({ 'procs.yaml': stack, 'config/orch/config.yaml': text });
    const env = { XDG_CONFIG_HOME: `${project.root}/config`, COLORTERM: 'truecolor' };
    const terminal = project.terminal(['up'], { cols: 120, rows: 40, env });
    await terminal.waitForText(/worker +● ready/);
    expect(terminal.raw()).toContain('\x1b[38;2;1;2;3m● ready');
    await terminal.waitForText('W why');
    terminal.type('w');
    terminal.type('W');
    await terminal.waitForText('── why api');
    terminal.type(KEY.escape);
    await terminal.waitForText('NAME');
    terminal.type('q?');
    await terminal.waitForText(/W Ctrl-W +explain its state/);
    terminal.type(KEY.escape);
    await terminal.waitForText('NAME');
    terminal.type('Qs');
    expect((await terminal.waitForExit()).exitCode).toBe(0);
    expect(project.processes()).toEqual([]);
  },
  TIMEOUT_MS,
);

test.each([true, false])(
  'Ctrl-C once the supervisor is gone stops everything (seen on the screen: %s)',
  async (isSeen) => {
    const { project, terminal } = await opened({ cols: 80, rows: 24 });
    process.kill((await project.ps()).supervisor.pid, 'SIGKILL');
    if (isSeen) await terminal.waitForText('no supervisor answers');
    terminal.type(KEY.ctrlC);
    expect((await terminal.waitForExit()).exitCode).toBe(0);
    expect(terminal.modes()).toEqual(asBefore);
    await waitFor('nothing is left', project.processes, (seen) => seen.length === 0, 5_000);
  },
);
