// JSON lines of the output in a real pseudo-terminal: their forms at several sizes, and hostile strings in them.
import { expect, test } from 'vitest';
import { HOSTILE } from './hostile.ts';
import { setStage, TIMEOUT_MS } from './stage.ts';
import { writeOutput } from './terminal-host.ts';

const stage = setStage();

test.each([
  { columns: 60, rows: 15 },
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 200, rows: 50 },
])(
  'J shows them on one line, with a line for each field, and as they are, at $columns×$rows',
  async (size) => {
    const line = '{"level":40,"msg":"slow","url":"/cart"}';
    writeOutput(stage.supervisor.paths.logsDir, [['api.1', 'o', line]], true);
    const now = stage.open('own colour', size);
    await now.shows('"level":40');
    now.type('l');
    await now.shows('first line of api.1');
    now.type('J');
    await now.shows(/│ WARN {2}slow url=\/cart/);
    await now.shows('JSON lines: on one line');
    expect(now.screen()).toContain('│ first line of api.1');
    now.type('J');
    await now.shows(/│ WARN {2}slow\n +url: \/cart/);
    now.type('/"level":40\r');
    await now.shows(/▌ WARN {2}slow/);
    now.type('J');
    await now.shows(line.slice(0, 20));
    expect(now.screen()).not.toContain('WARN');
  },
  TIMEOUT_MS,
);

test(
  'hostile strings in JSON leave the terminal alone',
  async () => {
    const { logsDir } = stage.supervisor.paths;
    const fields = Object.fromEntries(
      HOSTILE.flatMap(([what, text]) => [
        [what, text],
        [text, what],
      ]),
    );
    for (const [what, text] of HOSTILE)
      writeOutput(logsDir, [['api.1', 'o', JSON.stringify({ time: text, level: text, msg: text, what })]], true);
    writeOutput(logsDir, [['api.2', 'o', JSON.stringify({ msg: 'the last', ...fields })]], true);
    const now = stage.open('own colour', { columns: 120, rows: 60 });
    await now.shows('the last');
    const before = now.modes();
    now.type('lJ');
    await now.shows(/│ the last/);
    now.type('x');
    now.type('J');
    await now.shows(/│ the last\n/);
    now.type('\x1b[5~');
    await now.shows('paused');
    expect(now.modes()).toEqual(before);
    expect(before).toMatchObject({ title: '', clipboard: [], bells: 0, mouse: 'drag', alternateScreen: true });
    const controls =
      now
        .raw()
        .replace(/\x1b\[?[\d;?]*$/, '')
        .match(/\x1b(?!\[[\d;:]*m)[^\x1b]{0,8}/g) ?? [];
    const ours = /^\x1b\[(\d+;\d+H|2K|J|\?(1049|25|7|1000|1002|1006|2004|2026)[hl])/;
    expect(controls.filter((sequence) => !ours.test(sequence))).toEqual([]);
  },
  TIMEOUT_MS,
);
