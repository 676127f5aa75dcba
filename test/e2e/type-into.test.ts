// Typing into programs from the view: lines for `stdin: true`, all keys for `tty: true`; and the way back.
import { expect, test } from 'vitest';
import { createProject, type Project } from '../rig/project.ts';

const CTRL_LEAVE = '\x1d';
const ASKS = `
process.stdout.write('your name?\\n');
process.stdin.on('data', (text) => { for (const line of text.toString().split('\\n').slice(0, -1)) console.log('hello <' + line + '>'); });
`;
const CONSOLE = `
console.log('console ' + process.stdin.isTTY);
process.stdin.on('data', (text) => console.log('got ' + text.toString().trim().toUpperCase()));
process.on('SIGWINCH', () => console.log('resized'));
`;
const open = (): Project =>
  createProject({
    'asks.mjs': ASKS,
    'console.mjs': CONSOLE,
    'procs.yaml': [
      'services:',
      '  asks: { command: [node, asks.mjs], stdin: true }',
      '  console: { command: [node, console.mjs], tty: true }',
      '  deaf: { command: sleep 1000, pool: 2 }',
      '',
    ].join('\n'),
  });

test('lines go to a program that reads stdin; its answer shows, and Esc comes back', async () => {
  const project = open();
  const view = project.terminal(['up'], { cols: 100, rows: 24 });
  await view.waitForText('your name?');
  view.type('I');
  await view.waitForText('type into asks.1');
  view.type('Ada q?\r');
  await view.waitForText('hello <Ada q?>');
  view.type('\x1b[200~one\nt\x1b[31mwo\nthr\x1b[201~');
  await view.waitForText('hello <two>');
  view.type('ee\r');
  await view.waitForText('hello <three>');
  view.type('\x1b');
  await view.waitForText('sent to asks.1: three');
  view.type('G');
  view.type('I');
  await view.waitForText('deaf has no input: declare `stdin: true` or `tty: true` for it');
  view.type('q');
  await view.waitForText('leave?');
  view.type('s');
  expect(await view.waitForExit()).toMatchObject({ exitCode: 0 });
  expect(project.read('.orch/logs/default.log')).toContain('hello <one>');
});

test('a program with a terminal gets every key, and Ctrl-] comes back to the view', async () => {
  const project = open();
  const view = project.terminal(['up'], { cols: 80, rows: 24 });
  await view.waitForText('your name?');
  view.type('jI');
  await view.waitForText('attached to console.1; Ctrl-] leaves it running');
  view.type('qq\r');
  await view.waitForText('got QQ');
  view.type(CTRL_LEAVE);
  await view.waitForText('▌');
  view.type('q');
  await view.waitForText('leave?');
  view.type('s');
  expect(await view.waitForExit()).toMatchObject({ exitCode: 0 });
});
