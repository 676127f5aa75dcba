// The output of the view over log files, without a screen: keys go through the reducer, and what they ask is read.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach } from 'vitest';
import { LogRing } from '../../src/tui/model/log-ring.ts';
import type { UiState } from '../../src/tui/model/state.ts';
import { OutputFollower } from '../../src/tui/output-follower.ts';
import { reduce } from '../../src/tui/reducer.ts';
import { sampleStatus } from '../api/fake-supervisor.ts';
import { waitFor } from '../rig/wait-for.ts';
import { pool, shownState } from './sample.ts';

export const T0 = Date.parse('2026-03-01T12:00:00.000Z');
export const iso = (ms: number) => new Date(T0 + ms).toISOString();
const stamp = (ms: number) => iso(ms).replace(/[-:.]/g, '');
/** Two lines in each millisecond. */
export const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => {
    const number = from + index;
    return `${iso(Math.floor(number / 2))} ${number % 2 ? 'api.1' : 'api.2'} o line ${number}.\n`;
  }).join('');

let root: string;
export let path: string;
export let ring: LogRing;
export let follower: OutputFollower;
export let state: UiState;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'orch-history-'));
  path = join(root, '.orch/logs/default.log');
  mkdirSync(dirname(path), { recursive: true });
  ring = new LogRing();
  state = shownState({ columns: 80, rows: 24 }, { status: sampleStatus({ services: [pool('api', 2)] }), view: 'logs' });
  follower = new OutputFollower(
    ring,
    root,
    () => undefined,
    null,
    (request, seq) => {
      dispatch({ kind: 'logRead', request, seq, nowMs: 0 });
    },
  );
});
afterEach(() => {
  follower.close();
  rmSync(root, { recursive: true, force: true });
});

/** As the controller does it. */
export function dispatch(message: Parameters<typeof reduce>[1]): void {
  const { state: next, effects } = reduce(state, message, ring);
  state = next;
  ring.setPaused(state.logBottom !== null);
  follower.update(state);
  for (const effect of effects) {
    if (effect.kind === 'readLog') follower.read(effect.request);
  }
}
export const type = (...keys: string[]) => {
  for (const name of keys) dispatch({ kind: 'key', name, nowMs: 0 });
};
export const texts = () => ring.window(null, 1e6, null).map((each) => each.line);
export const hit = () => ring.window(state.searchHit, 1, null)[0]?.line;
export const followed = async (last: string) => {
  follower.update(state);
  await waitFor('the newest line is there', texts, () => texts().at(-1) === last && !ring.isReading);
};
export const until = (what: string, isDone: () => boolean) =>
  waitFor(what, () => [hit(), ring.size, state.logBottom, state.notice], isDone);

/** 20,000 lines: compressed, rotated, live. */
export function writeFiles(): void {
  writeFileSync(`${path}.${stamp(4000)}.gz`, gzipSync(numbered(0, 8000)));
  writeFileSync(`${path}.${stamp(8000)}`, numbered(8000, 16_000));
  writeFileSync(path, numbered(16_000, 20_000));
}

/** Changes the state from outside, as other messages would. */
export function change(changes: Partial<UiState>): void {
  state = { ...state, ...changes };
}
