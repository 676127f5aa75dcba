// Text without a newline is seen before it ends: by readers of the log, in the view, and marked in `orch logs`. Files hold
// whole lines, each once.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createProject, type Project } from '../rig/project.ts';
import { startCommand } from '../rig/running-command.ts';
import { waitFor } from '../rig/wait-for.ts';

const until = (file: string) => `while [ ! -e ${file} ]; do sleep 0.05; done`;
const ASKS = `printf 'Password: '; ${until('go')}; echo secret; exec sleep 1000`;
const BAR = `printf '10 %%'; ${until('half')}; printf '\\r50 %%'; ${until('go')}; printf '\\rdone\\n'; exec sleep 1000`;

const service = (name: string, command: string) => `  ${name}: { command: ${JSON.stringify(command)} }\n`;
const project = (...services: string[]): Project => createProject({ 'procs.yaml': `services:\n${services.join('')}` });
const inFile = (p: Project) =>
  readFileSync(p.path('.orch/logs/default.log'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' ').slice(1).join(' '));
const count = (text: string, part: string) => text.split(part).length - 1;
const texts = (output: string) =>
  output
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' ').slice(1).join(' '));

test('a pipe of logs -f shows a prompt, then only the rest of its line', async () => {
  const p = project(service('ask', ASKS));
  await p.up();
  const command = startCommand(p, ['logs', '-f']);
  await waitFor('the prompt', command.output, (text) => text.endsWith('ask.1 o Password: '));
  expect(p.exists('.orch/logs/default.log') ? inFile(p) : []).toEqual([]);
  p.write('go', '');
  await waitFor('the rest', command.output, (text) => text.endsWith('\n'));
  expect(texts(command.output())).toEqual(['ask.1 o Password: secret']);
  expect(inFile(p)).toEqual(['ask.1 o Password: secret']);
  command.signal('SIGINT');
  await command.exited;
});

test('a line of another instance comes in between: the prompt is not printed twice', async () => {
  const p = project(service('ask', ASKS), service('other', `${until('other')}; echo hello; exec sleep 1000`));
  await p.up();
  const command = startCommand(p, ['logs', '-f']);
  await waitFor('the prompt', command.output, (text) => text.endsWith('ask.1 o Password: '));
  p.write('other', '');
  await waitFor('the other line', command.output, (text) => text.includes('hello\n'));
  p.write('go', '');
  await waitFor('the rest', command.output, (text) => text.includes('secret\n'));
  expect(texts(command.output())).toEqual(['ask.1 o Password:  … (line goes on)', 'other.1 o hello', 'ask.1 o secret']);
  expect(inFile(p)).toEqual(['other.1 o hello', 'ask.1 o Password: secret']);
  command.signal('SIGINT');
  await command.exited;
});

test('orch logs marks the unfinished tail; --json has a field, --raw has none of it', async () => {
  const p = project(service('ask', `echo first; ${ASKS}`), service('bar', BAR));
  await p.up();
  const logs = async (...args: string[]) => (await p.mustOrch(['logs', ...args])).stdout;
  await waitFor('both', logs, (text) => count(text, '(unfinished)') === 2);
  expect(texts(await logs('ask'))).toEqual(['ask.1 o first', 'ask.1 o Password:  … (unfinished)']);
  expect(texts(await logs('bar.1', '-n', '5'))).toEqual(['bar.1 o 10 % … (unfinished)']);
  const objects = (await logs('--json', 'ask'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  expect(objects.map(({ line, unfinished }) => [line, unfinished])).toEqual([
    ['first', undefined],
    ['Password: ', true],
  ]);
  expect(await logs('--raw', 'ask')).toBe('first\n');
  expect(await logs('--grep', 'nothing')).toBe('');
  p.write('half', '');
  await waitFor('the last state', logs, (text) => text.includes('bar.1 o 50 % … (unfinished)'));
  p.write('go', '');
  await waitFor('all is finished', logs, (text) => !text.includes('(unfinished)'));
  expect(texts(await logs()).sort()).toEqual(['ask.1 o Password: secret', 'ask.1 o first', 'bar.1 o done']);
  await p.down();
  expect(texts(await logs()).length).toBe(3);
});

test.each([
  ['logs -f', ['logs', '-f']],
  ['up without the view', ['up', '--no-tui']],
])('a terminal of %s: the last state of a progress bar, replaced by the line', async (_, args) => {
  const p = project(
    service('bar', BAR),
    service('ask', ASKS),
    service('tick', `${until('other')}; echo tick; exec sleep 1000`),
  );
  await p.up();
  const terminal = p.terminal(args);
  await terminal.waitForText(/bar\.1\s+\| 10 %/);
  await terminal.waitForText('Password:');
  p.write('half', '');
  await terminal.waitForText(/bar\.1\s+\| 50 %/);
  expect(terminal.screen()).not.toContain('10 %');
  // Above the unfinished ones.
  p.write('other', '');
  await terminal.waitForText(/tick\n.*\| (50 %|Password:).*\n.*\| (50 %|Password:)/);
  p.write('go', '');
  await terminal.waitForText('secret');
  const screen = await terminal.waitForText(/\| done/);
  expect(count(screen, 'Password:')).toBe(1);
  expect(screen).not.toContain('50 %');
});

test.each([
  { cols: 60, rows: 15 },
  { cols: 80, rows: 24 },
  { cols: 120, rows: 40 },
  { cols: 200, rows: 50 },
])(
  'the view shows a prompt and a progress bar in its output, and later whole lines once, at $cols×$rows',
  async (size) => {
    const p = project(service('ask', `echo first; ${ASKS}`), service('bar', BAR));
    const terminal = p.terminal(['up'], size);
    await terminal.waitForText('Password:');
    await terminal.waitForText('10 %');
    await terminal.waitForText('first');
    // What waits for an answer is shown whatever its level.
    terminal.type('v');
    await terminal.waitForText('warnings and errors');
    await waitFor('only unfinished lines', terminal.screen, (screen) => !screen.includes('first'));
    await terminal.waitForText('Password:');
    p.write('half', '');
    await terminal.waitForText('50 %');
    expect(terminal.screen()).not.toContain('10 %');
    terminal.type('v');
    terminal.type('v');
    await terminal.waitForText('first');
    terminal.type('j');
    await terminal.waitForText(/── bar output/);
    expect(await terminal.waitForText('50 %')).not.toContain('Password:');
    terminal.type('a');
    await terminal.waitForText('Password:');
    p.write('go', '');
    const screen = await terminal.waitForText('Password: secret');
    expect(count(screen, 'Password:')).toBe(1);
    await waitFor('the bar is done', terminal.screen, (now) => now.includes('done') && !now.includes('50 %'));
  },
);

test('a program that ends within a line: the line is whole, and nothing is left unfinished', async () => {
  const p = createProject({
    'procs.yaml': `services:\n  t: { command: "printf end; ${until('go')}", restart: never }\n`,
  });
  await p.up();
  const command = startCommand(p, ['logs', '-f']);
  await waitFor('its start', command.output, (text) => text.endsWith('t.1 o end'));
  p.write('go', '');
  await waitFor('its end', command.output, (text) => text.endsWith('t.1 o end\n'));
  expect((await p.mustOrch(['logs'])).stdout).not.toContain('unfinished');
  expect(inFile(p)).toEqual(['t.1 o end']);
  // A reader keeps no log writer running.
  await p.down();
  expect(p.processes().filter(({ pid }) => pid !== command.pid)).toEqual([]);
  command.signal('SIGINT');
  await command.exited;
});
