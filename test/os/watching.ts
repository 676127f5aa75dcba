// A file in a directory of its own and a watch on it, for the tests of the file watch.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach } from 'vitest';
import { type FileWatch, type WatchOptions, watchFiles } from '../../src/os/watch/watch-files.ts';
import { waitFor } from '../rig/wait-for.ts';

/** New for each test. */
export const place = { directory: '', path: '' };
const open: FileWatch[] = [];

beforeEach(() => {
  place.directory = mkdtempSync(join(tmpdir(), 'orch-watch-'));
  place.path = join(place.directory, 'project', 'procs.yaml');
  mkdirSync(dirname(place.path));
  writeFileSync(place.path, 'version 0');
});
afterEach(async () => {
  for (const watch of open.splice(0)) await watch.close();
  rmSync(place.directory, { recursive: true });
});

/** The reports of a watch, and the text of the first path at each reported change. */
export type Seen = { changes: number; firsts: number; texts: (string | null)[] };

/** A watch that stands: what it says about its own setting up is over. */
export async function start(paths: string[], options: WatchOptions = {}): Promise<{ watch: FileWatch; seen: Seen }> {
  const seen: Seen = { changes: 0, firsts: 0, texts: [] };
  const onChange = () => {
    seen.changes++;
    seen.texts.push(read(paths[0] as string));
  };
  // Polling would hide what the events miss.
  const watch = watchFiles(paths, onChange, { pollMs: 60_000, onFirstEvent: () => seen.firsts++, ...options });
  open.push(watch);
  const stands = (changes: number) => changes > 0;
  await waitFor('the watch stands', () => seen.changes, stands);
  await sleep(20);
  Object.assign(seen, { changes: 0, firsts: 0, texts: [] });
  return { watch, seen };
}

/** Waits until the last reported text is this one. */
export function settledOn(seen: Seen, text: string | null): Promise<unknown> {
  const isLast = (last: string | null | undefined) => last === text;
  return waitFor(`sees ${text}`, () => seen.texts.at(-1), isLast, 3000);
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null; // not there now
  }
}
