// What the view writes to a file: the whole log within the filters, whatever was read so far; and how far it is.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { progressTexts } from '../../src/tui/model/read-progress.ts';
import { saveFile, temporaryFile } from '../../src/tui/save-file.ts';
import { paneTitle } from '../../src/tui/view/pane.ts';
import { outputForm } from '../../src/tui/view/plain-output.ts';
import { UNICODE } from '../../src/tui/view/theme.ts';
import {
  change,
  dispatch,
  followed,
  follower,
  iso,
  numbered,
  path,
  ring,
  state,
  T0,
  type,
  until,
  writeFiles,
} from './output-stage.ts';

vi.setConfig({ testTimeout: 60_000 });
process.env.TZ = 'UTC';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orch-export-'));
  file = join(directory, 'saved.txt');
});
afterEach(() => rmSync(directory, { recursive: true }));

const NOW_MS = T0 + 3_600_000;
/** As the controller does it. */
const save = (name = file) => saveFile(name, (handle) => follower.write(handle, outputForm(state, ring, NOW_MS)));
const savedLines = () => readFileSync(file, 'utf8').split('\n').slice(0, -1);
const CLOCK = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} /;

test('the whole log is saved, also what was not read; long lines whole, without colours', async () => {
  writeFiles();
  const long = `\x1b[31m${'x'.repeat(9000)}\t\x1b[0m\x1b[2J`;
  writeFileSync(path, `${iso(10_000)} api.1 e ${long}\n`, { flag: 'a' });
  follower.update(state);
  await until('the newest lines are read', () => ring.size > 900 && !ring.isReading);
  const saved = await save();
  expect(saved).toEqual({ path: file, written: { lines: 20_001, atLine: 20_001 } });
  const lines = savedLines();
  expect(lines.slice(0, 2)).toEqual(['2026-03-01 12:00:00.000 api.2 line 0.', '2026-03-01 12:00:00.000 api.1 line 1.']);
  expect(lines.slice(0, -1).every((line, index) => line.endsWith(` line ${index}.`) && CLOCK.test(line))).toBe(true);
  expect(lines.at(-1)!.slice(24)).toBe(`api.1 ${'x'.repeat(9000)}\t`);
});

test('only what the filters show is saved: text, level, range, mute, one instance', async () => {
  writeFiles();
  await followed('line 19999.');
  type('f', ...'7000\\.', 'enter');
  await save();
  expect(savedLines().map((line) => line.slice(24))).toEqual(['api.2 line 7000.', 'api.2 line 17000.']);
  rmSync(file);
  type('escape');
  change({ range: { name: '1 m', sinceMs: T0 + 9999 }, showTimes: false });
  follower.update(state);
  await save();
  expect(savedLines()).toEqual(['api.2 line 19998.', 'api.1 line 19999.']);
  rmSync(file);
  change({ selected: 'api.1', allOutput: false });
  follower.update(state);
  await save();
  expect(savedLines()).toEqual(['line 19999.']);
});

test('marks stand where they are on screen', async () => {
  writeFileSync(path, numbered(0, 4));
  await followed('line 3.');
  dispatch({ kind: 'key', name: 'L', nowMs: T0 + 0.5 });
  dispatch({ kind: 'key', name: 'L', nowMs: T0 + 5000 });
  change({ showTimes: false });
  expect((await save())!.written.lines).toBe(6);
  expect(savedLines().map((line) => line.trim())).toEqual([
    ...['api.2 line 0.', 'api.1 line 1.', '── mark ──', 'api.2 line 2.', 'api.1 line 3.', '── mark ──'],
  ]);
});

test.each([
  ['n', 12_345],
  ['pageup', null],
  ['home', null],
])('the line on screen is known after %s, also where the ring does not begin with the log', async (key, number) => {
  writeFiles();
  await followed('line 19999.');
  if (number !== null) {
    type('/', ...`line ${number}\\.`, 'enter');
    await until('it is found', () => ring.window(state.searchHit, 1, null)[0]?.line === `line ${number}.`);
  } else type(key);
  if (key === 'home') await until('the first lines', () => ring.window(null, 1e6, null)[0]!.line === 'line 0.');
  const bottom = ring.window(state.logBottom, 1, null)[0]!.line;
  const { written } = (await save())!;
  expect(written.lines).toBe(20_000);
  expect(savedLines()[written.atLine - 1]!.endsWith(bottom)).toBe(true);
});

test('a file that exists is left alone, and ~ is the home directory', async () => {
  writeFileSync(path, numbered(0, 4));
  await followed('line 3.');
  writeFileSync(file, 'mine');
  await expect(save()).rejects.toThrow(`${file} exists already`);
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

/** Enough to take a while. */
function writeManyFiles(count: number): void {
  const compressed = gzipSync(numbered(0, 60_000));
  for (let index = 0; index < count; index++) {
    const stamp = iso(40_000 + index).replace(/[-:.]/g, '');
    writeFileSync(`${path}.${stamp}.gz`, compressed);
  }
  writeFileSync(path, numbered(90_000, 90_010));
}

test('a long save names the file that it reads; Esc stops it, and leaves no file', async () => {
  writeManyFiles(20);
  await followed('line 90009.');
  const saving = save();
  await until('it is at the second file', () => (ring.progress.saved?.file ?? 0) > 1);
  const title = () =>
    paneTitle(state, ring, UNICODE)
      .map(({ text }) => text)
      .join('');
  expect(title()).toMatch(/saving the log, file \d+ of 21 … Esc stops/);
  await expect(save(join(directory, 'other'))).rejects.toThrow('Esc stops it');
  type('escape');
  expect(await saving).toBe(null);
  expect([existsSync(file), ring.progress.isAny]).toEqual([false, false]);
  expect(title()).toContain('following');
});

test('a long search names the file that it reads; Esc stops it', async () => {
  writeManyFiles(20);
  await followed('line 90009.');
  type('/', ...'nowhere', 'enter');
  await until('it is at the second file', () => (ring.progress.shown?.file ?? 0) > 1);
  expect(progressTexts(ring.progress)[0]).toMatch(/^reading the log, file \d+ of 21 … Esc stops$/);
  type('escape');
  expect(ring.progress.isAny).toBe(false);
  expect([state.search, state.notice]).toEqual(['nowhere', null]);
});

test('a temporary file has what was written, and is removed when the writing fails or is stopped', async () => {
  const written = (await temporaryFile(async (handle) => {
    await handle.writeFile('text');
    return 1;
  }))!;
  expect(readFileSync(written.path, 'utf8')).toBe('text');
  await written.remove();
  expect(existsSync(written.path)).toBe(false);
  expect(await temporaryFile(async () => null)).toBe(null);
  await expect(
    temporaryFile(async () => {
      throw new Error('full');
    }),
  ).rejects.toThrow('full');
});
