// Lines of output are selected by keys in a real pseudo-terminal, and copied to its clipboard or saved.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { waitFor } from '../rig/wait-for.ts';
import { HOSTILE } from './hostile.ts';
import { SIZE, setStage, TIMEOUT_MS } from './stage.ts';
import { writeOutput } from './terminal-host.ts';

const stage = setStage();

/** What the terminal was asked to put into its clipboard. */
const decoded = (clipboard: readonly string[]) =>
  clipboard.map((each) => Buffer.from(each.replace(/^c;/, ''), 'base64').toString());

test.each([
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 200, rows: 50 },
  { columns: 60, rows: 15 },
])(
  'at $columns×$rows, selected lines are copied without their prefixes',
  async (size) => {
    writeOutput(stage.supervisor.paths.logsDir, [
      ['api.1', 'o', 'first line of api.1'],
      ['api.2', 'e', '\x1b[31man ERROR\x1b[0m\twith a tab'],
      ['api.1', 'o', `long ${'words '.repeat(60)}end`],
    ]);
    const now = stage.open('own colour', size);
    await now.shows('an ERROR');
    now.type('V');
    await now.shows('1 line selected');
    await now.shows(/y copy +w save/);
    now.type('K');
    await now.shows('2 lines selected');
    now.type('\x1b[1;2A');
    await now.shows('3 lines selected');
    now.type('y');
    await now.shows("3 lines sent to the terminal's clipboard");
    await now.shows('following');
    expect(decoded(now.modes().clipboard)).toEqual([
      `first line of api.1\nan ERROR\twith a tab\nlong ${'words '.repeat(60)}end`,
    ]);
  },
  TIMEOUT_MS,
);

test(
  'selected lines are saved to a file; Esc leaves',
  async () => {
    const { root, logsDir } = stage.supervisor.paths;
    writeOutput(logsDir, [['api.2', 'e', 'an \x1b[31mERROR\x1b[0m here']], true);
    const now = await stage.opened();
    now.type('V');
    await now.shows('1 line selected');
    now.type('k');
    now.type('w');
    await now.shows(/save the selected lines to shop-/);
    const file = join(root, 'selected.txt');
    now.type('\x15');
    await now.shows(/save the selected lines to {2,}Enter/);
    now.type(file);
    await now.shows('selected.txt');
    now.type('\r');
    await now.shows('1 line saved to');
    expect(readFileSync(file, 'utf8')).toBe('first line of api.1\n');
    now.type('\x1b');
    await now.shows('following');
    now.type('w');
    await now.shows('it exits at once');
    expect(now.modes().clipboard).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'hostile output reaches the clipboard only encoded, and without its sequences',
  async () => {
    const lines = HOSTILE.map(([what, text]): ['api.1', 'o', string] => ['api.1', 'o', `${what}${text}.`]);
    for (const line of lines) writeOutput(stage.supervisor.paths.logsDir, [line], line !== lines[0]);
    const now = stage.open('own colour', { columns: 120, rows: 60 });
    await now.shows('tag characters');
    const before = { ...now.modes(), clipboard: [] };
    now.type('V');
    await now.shows('1 line selected');
    now.type(' ');
    now.type('g');
    await now.shows(/\d\d lines selected/);
    now.type('y');
    await now.shows("sent to the terminal's clipboard");
    const { clipboard, ...after } = now.modes();
    expect({ ...after, clipboard: [] }).toEqual(before);
    expect(clipboard).toHaveLength(1);
    expect(clipboard[0]).toMatch(/^c;[A-Za-z0-9+/]+=*$/);
    const [text] = decoded(clipboard);
    expect(text).toContain('tag characters');
    expect(text).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
  },
  TIMEOUT_MS,
);

describe('inside a multiplexer', () => {
  /** A `tmux` that keeps what it gets. */
  function fakeTmux(exitCode: number): { variables: string; kept: string } {
    const directory = join(stage.supervisor.paths.root, 'bin');
    mkdirSync(directory);
    const kept = join(directory, 'kept');
    writeFileSync(
      join(directory, 'tmux'),
      `#!/bin/sh\necho "$@" >'${kept}.arguments'\ncat >'${kept}'\nexit ${exitCode}\n`,
    );
    chmodSync(join(directory, 'tmux'), 0o755);
    return { variables: `TMUX=/tmp/socket,1,0 PATH='${directory}':"$PATH"`, kept };
  }

  test(
    'tmux gets the text by its own command, because it ignores OSC 52 by default',
    async () => {
      const { variables, kept } = fakeTmux(0);
      const now = stage.open('own colour', SIZE, `${variables} HOST`);
      await now.shows('first line of api.1');
      now.type('V');
      now.type('y');
      await now.shows('1 line copied to tmux, and sent to its terminal');
      expect(readFileSync(kept, 'utf8')).toBe('first line of api.1');
      expect(readFileSync(`${kept}.arguments`, 'utf8')).toBe('load-buffer -w -\n');
      expect(now.modes().clipboard).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'a tmux that cannot do that gets OSC 52',
    async () => {
      const { variables, kept } = fakeTmux(1);
      const now = stage.open('own colour', SIZE, `${variables} HOST`);
      await now.shows('first line of api.1');
      now.type('V');
      now.type('y');
      await now.shows("1 line sent to the terminal's clipboard");
      expect(existsSync(kept)).toBe(true);
      expect(decoded(now.modes().clipboard)).toEqual(['first line of api.1']);
    },
    TIMEOUT_MS,
  );

  test(
    'GNU Screen gets it as a string to pass on',
    async () => {
      const now = stage.open('own colour', SIZE, 'STY=1.pts-0 HOST');
      await now.shows('first line of api.1');
      now.type('V');
      now.type('y');
      await now.shows("1 line sent to the terminal's clipboard");
      const encoded = Buffer.from('first line of api.1').toString('base64');
      await waitFor('the string', now.raw, (raw) => raw.includes(`\x1bP\x1b]52;c;${encoded}\x07\x1b\\`));
    },
    TIMEOUT_MS,
  );
});
