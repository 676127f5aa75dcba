// OutputFollower: the ring holds the lines of the target only, and is not emptied by a second read.
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LogRing } from '../../src/tui/model/log-ring.ts';
import { initialState, type UiState } from '../../src/tui/model/state.ts';
import { OutputFollower } from '../../src/tui/output-follower.ts';
import { sampleStatus } from '../api/fake-supervisor.ts';
import { waitFor } from '../rig/wait-for.ts';
import { pool } from './sample.ts';

vi.setConfig({ testTimeout: 60_000 });

let root: string;
let path: string;
let ring: LogRing;
let follower: OutputFollower;
/** The ring at each reported change. */
let sizes: number[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'orch-output-'));
  path = join(root, '.orch/logs/default.log');
  mkdirSync(dirname(path), { recursive: true });
  ring = new LogRing();
  sizes = [];
  follower = new OutputFollower(ring, root, () => sizes.push(ring.size));
});
afterEach(() => {
  follower.close();
  rmSync(root, { recursive: true, force: true });
});

const TIME = '2026-03-01T12:00:00.000Z';
const line = (instance: string, text: string) => `${TIME} ${instance} o ${text}\n`;
/** 1 MB. */
const flood = line('flood.1', 'x'.repeat(970)).repeat(1000);
const state = (selected: string | null): UiState => ({
  ...initialState({ size: { columns: 80, rows: 24 }, owning: true, canEditFile: true, asksFirst: true }),
  status: sampleStatus({ services: [pool('flood', 2), pool('wide', 2)] }),
  selected,
});
const shown = () => ring.window(null, 5000, null).map((each) => each.line);
const shows = (text: string) =>
  waitFor(
    `the ring holds ${text}`,
    () => shown().slice(-3),
    () => shown().includes(text),
  );

test('a quiet service next to a flood keeps its lines and gets each new one', async () => {
  writeFileSync(path, line('wide.1', 'first') + flood);
  follower.update(state('wide'));
  await shows('first');
  const before = sizes.length;
  for (const text of ['1', '2', '3', '4', '5']) {
    appendFileSync(path, line('wide.1', text) + flood);
    await shows(text);
  }
  expect(shown()).toEqual(['first', '1', '2', '3', '4', '5']);
  expect(Math.min(...sizes.slice(before))).toBeGreaterThan(0);
});

test('a skip of all output and its second read do not empty the screen in between', async () => {
  writeFileSync(path, line('wide.1', 'first'));
  follower.update(state(null));
  await shows('first');
  const before = sizes.length;
  appendFileSync(path, flood + line('wide.1', 'last'));
  await shows('last'); // by the resync: it was skipped
  expect(Math.min(...sizes.slice(before))).toBeGreaterThan(0);
});

test('another target clears the ring and reads its past lines', async () => {
  writeFileSync(path, line('flood.1', 'of the flood') + line('wide.1', 'of wide'));
  follower.update(state('flood'));
  expect([ring.size, ring.isReading]).toEqual([0, true]);
  await shows('of the flood');
  follower.update(state('wide'));
  expect([ring.size, ring.isReading]).toEqual([0, true]);
  await shows('of wide');
  expect(shown()).toEqual(['of wide']);
  await waitFor(
    'the past is read',
    () => ring.isReading,
    (isReading) => !isReading,
  );
});

test('a service without output: the past is read and is empty', async () => {
  writeFileSync(path, flood);
  follower.update(state('wide'));
  expect(ring.isReading).toBe(true);
  await waitFor(
    'the past is read',
    () => ring.isReading,
    (isReading) => !isReading,
  );
  expect(ring.size).toBe(0);
});

test('a flood too fast for one selected service leaves one mark', async () => {
  writeFileSync(path, line('wide.1', 'first'));
  follower.update(state('wide'));
  await shows('first');
  const marks = () => shown().filter((each) => each.endsWith(' KiB not shown')).length;
  appendFileSync(path, flood.repeat(20));
  await waitFor('it was skipped', marks, (count) => count > 0);
  appendFileSync(path, flood.repeat(20));
  await waitFor(
    'it is read on',
    () => {
      appendFileSync(path, line('wide.1', 'last'));
      return shown().at(-1);
    },
    (last) => last === 'last',
  );
  expect([shown()[0], marks()]).toEqual(['first', 1]);
});
