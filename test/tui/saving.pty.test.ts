// The output in a file and in the pager of the user, in a real pseudo-terminal.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { waitFor } from '../rig/wait-for.ts';
import { setStage, sttyStates, TIMEOUT_MS, withSttyAnd } from './stage.ts';
import { writeOutput } from './terminal-host.ts';

const stage = setStage();

/** A program that shows its arguments and the last line of its file, and reads a line. */
function programNamed(name: string, exitCode = 0): string {
  const file = join(stage.supervisor.paths.root, name);
  const text = `#!/bin/sh\ntrap : INT\necho "paging $1"\ntail -n 1 "$2"\necho "$2" >'${file}.file'\nread answer || read answer\nexit ${exitCode}\n`;
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}

const withPager = (exitCode?: number) => withSttyAnd(`PAGER='${programNamed('less', exitCode)}'`);

/** Which file that program was given. */
function fileOf(name: string): Promise<string> {
  const path = join(stage.supervisor.paths.root, `${name}.file`);
  const given = () => (existsSync(path) ? readFileSync(path, 'utf8').trim() : '');
  return waitFor(`${name} has a file`, given, (file) => file !== '');
}

const SIZES = [
  { columns: 60, rows: 15 },
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
];

test(
  'the lines that are shown are saved to a file, never over another one',
  async () => {
    const { root, logsDir } = stage.supervisor.paths;
    writeOutput(logsDir, [['api.2', 'e', 'an \x1b[31mERROR\x1b[0m here']], true);
    const now = await stage.opened();
    await now.shows('an ERROR here');
    now.type('S');
    await now.shows(/save the output to shop-\d{4}-\d\d-\d\d-\d{6}\.txt/);
    const file = join(root, 'saved.txt');
    /** What comes in one read counts as pasted: one after the other. */
    const saveToFile = async () => {
      now.type('\x15');
      await now.shows(/save the output to {2,}Enter/);
      now.type(file);
      await now.shows('saved.txt');
      now.type('\r');
    };
    await saveToFile();
    await now.shows('2 lines saved to');
    const moment = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}`;
    expect(readFileSync(file, 'utf8')).toMatch(
      new RegExp(`^${moment} api\\.1 first line of api\\.1\\n${moment} api\\.2 an ERROR here\\n$`),
    );
    now.type('S');
    await now.shows('save the output to shop');
    await saveToFile();
    await now.shows('exists already');
    now.type('S\x15\r'); // without a name
    now.type('w');
    await now.shows('it exits at once');
  },
  TIMEOUT_MS,
);

test(
  'the pager has the terminal for itself; then the screen is as before, and nothing is left',
  async () => {
    const now = stage.open('own colour', undefined, withPager());
    await now.shows('first line of api.1');
    const before = now.screen();
    now.type('P');
    await now.shows(/paging \+1\s+\d{4}-\d\d-\d\d .* api\.1 first line of api\.1/);
    expect(now.modes()).toMatchObject({
      alternateScreen: false,
      cursorHidden: false,
      bracketedPaste: false,
      mouse: 'none',
    });
    now.type('rsq\x03'); // no key of the view; Ctrl-C ends neither
    now.type('\r');
    await now.shows('NAME');
    expect(now.modes()).toMatchObject({ alternateScreen: true, cursorHidden: true });
    await waitFor('the screen is as before', now.screen, (screen) => screen === before);
    expect(stage.methods().filter((method) => ['restart', 'stop', 'down'].includes(method))).toEqual([]);
    const shown = readFileSync(join(stage.supervisor.paths.root, 'less.file'), 'utf8').trim();
    expect([shown.endsWith('output.txt'), existsSync(shown)]).toEqual([true, false]);
    now.type('\x03');
    await now.shows('outcome: down');
    await now.exited();
    const [first, second] = sttyStates(now.screen());
    expect(first).toBeTruthy();
    expect(second).toBe(first);
  },
  TIMEOUT_MS,
);

test(
  'a pager that is missing or fails is named',
  async () => {
    const missing = stage.open('colour', undefined, 'PAGER=no-such-pager HOST');
    await missing.shows('first line of api.1');
    missing.type('P');
    await missing.shows('no-such-pager: not found; $PAGER names the pager');
    const failing = stage.open('colour', undefined, withPager(3));
    await failing.shows('first line of api.1');
    failing.type('P');
    await failing.shows('paging');
    failing.type('\r');
    await failing.shows(/less ended with exit code 3/);
  },
  TIMEOUT_MS,
);

test(
  'the file of the pager is gone when the view is ended meanwhile',
  async () => {
    const now = stage.open('own', undefined, `PAGER='${programNamed('less')}' exec HOST`);
    await now.shows('first line of api.1');
    now.type('P');
    const file = await fileOf('less');
    expect(existsSync(file)).toBe(true);
    process.kill(now.pty.pid, 'SIGTERM');
    await now.exited();
    expect(existsSync(file)).toBe(false);
  },
  TIMEOUT_MS,
);

/** More lines than the view reads at first; every hundredth is an error. */
function writeLongOutput(count: number): void {
  const lines = Array.from({ length: count }, (_, index): [string, 'o', string] => {
    return ['api.1', 'o', `${index % 100 === 0 ? 'ERROR' : 'INFO'} line ${index}.`];
  });
  writeOutput(stage.supervisor.paths.logsDir, lines);
}

test.each(SIZES)(
  'the whole log goes to the pager and to the editor, within the filters, at the line on screen, at $columns×$rows',
  async (size) => {
    writeLongOutput(5000);
    const [pager, editor] = [programNamed('less'), programNamed('nano')];
    const now = stage.open('own colour', size, `PAGER='${pager}' EDITOR='${editor}' HOST`);
    await now.shows('line 4999.');
    now.type('l');
    now.type('P');
    await now.shows(/paging \+5000\s+\S+ \S+ api\.1 INFO line 4999\./);
    now.type('\r');
    await now.shows('all output');
    now.type('/line 100\\.\r');
    await now.shows(/ line 99\.\n.* line 100\./);
    const bottom = Number(/line (\d+)\.\n[^\n]*$/.exec(now.screen())![1]);
    now.type('\x05'); // Ctrl-E
    await now.shows(`paging +${bottom + 1}`);
    const file = await fileOf('nano');
    expect(existsSync(file)).toBe(true);
    now.type('\r');
    await now.shows('all output');
    await waitFor(
      'the file is gone',
      () => existsSync(file),
      (exists) => !exists,
    );
    now.type('v');
    await now.shows('warnings and errors');
    now.type('P');
    await now.shows(/paging \+50\s+\S+ \S+ api\.1 ERROR line 4900\./);
    now.type('\r');
    await now.shows('all output');
  },
  TIMEOUT_MS,
);

test.each(SIZES)(
  'a long save and a long search show how far they are, and Esc stops them, at $columns×$rows',
  async (size) => {
    const { root, logsDir } = stage.supervisor.paths;
    const text = Array.from({ length: 60_000 }, (_, index) => `2026-01-01T00:00:00.000Z api.1 o old ${index}\n`).join(
      '',
    );
    const compressed = gzipSync(text);
    for (let index = 10; index < 40; index++)
      writeFileSync(join(logsDir, `default.log.20260101T0000000${index}Z.gz`), compressed);
    const now = stage.open('own colour', size);
    await now.shows('first line of api.1');
    now.type('l');
    const progress = /\d+ of 31 … Esc stops/;
    now.type('/nowhere\r');
    await now.shows(progress);
    now.type('\x1b');
    await now.shows('following');
    now.type('\x1b');
    await waitFor('the search is over', now.screen, (screen) => !screen.includes('nowhere'));
    now.type('S');
    await now.shows('save the output to shop');
    now.type('\x15');
    await now.shows(/save the output to {2,}Enter/);
    const file = join(root, 'saved.txt');
    now.type(file);
    await now.shows('saved.txt');
    now.type('\r');
    await now.shows(progress);
    expect(existsSync(file)).toBe(true);
    now.type('\x1b');
    await now.shows('stopped; nothing was saved');
    expect(existsSync(file)).toBe(false);
  },
  TIMEOUT_MS,
);
