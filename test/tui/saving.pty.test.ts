// The output in a file and in the pager of the user, in a real pseudo-terminal.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { waitFor } from '../rig/wait-for.ts';
import { setStage, sttyStates, TIMEOUT_MS, withSttyAnd } from './stage.ts';
import { writeOutput } from './terminal-host.ts';

const stage = setStage();

/** A pager that shows its arguments and the last line of its file, and reads a line. */
function withPager(exitCode = 0): string {
  const file = join(stage.supervisor.paths.root, 'less');
  const text = `#!/bin/sh\ntrap : INT\necho "paging $1"\ntail -n 1 "$2"\necho "$2" >'${file}.file'\nread answer || read answer\nexit ${exitCode}\n`;
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return withSttyAnd(`PAGER='${file}'`);
}

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
