// A save by rename is reported before the settle time; every other save waits for it.
import { renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { waitFor } from '../rig/wait-for.ts';
import { place, settledOn, start } from './watching.ts';

const SETTLE_MS = 400;

async function watching(paths: string[] = [place.path]) {
  let replaced = 0;
  const { seen } = await start(paths, { settleMs: SETTLE_MS, onReplaced: () => replaced++ });
  return { seen, replaced: () => replaced };
}

function saveByRename(text: string): void {
  writeFileSync(`${place.path}.new`, text);
  renameSync(`${place.path}.new`, place.path);
}

test.runIf(process.platform === 'linux')(
  'a save by rename is reported at once, and again when it has settled',
  async () => {
    const { seen, replaced } = await watching();
    saveByRename('whole');
    await waitFor('the report', replaced, (count) => count === 1);
    expect(seen.changes).toBe(0);
    await settledOn(seen, 'whole');
    saveByRename('whole again');
    await waitFor('the next report', replaced, (count) => count === 2);
  },
);

const others: [how: string, save: () => void | Promise<void>][] = [
  ['a plain write', () => writeFileSync(place.path, 'saved')],
  [
    'removal and a new file',
    () => {
      unlinkSync(place.path);
      writeFileSync(place.path, 'saved');
    },
  ],
  [
    'a move away and a new file',
    () => {
      renameSync(place.path, `${place.path}~`);
      writeFileSync(place.path, 'saved');
    },
  ],
  [
    'a rename with a write after it',
    () => {
      saveByRename('half');
      writeFileSync(place.path, 'saved');
    },
  ],
  [
    'two renames in a row',
    () => {
      saveByRename('half');
      saveByRename('saved');
    },
  ],
];

test.each(others)('%s waits for the settle time', async (_how, save) => {
  const { seen, replaced } = await watching();
  await save();
  await settledOn(seen, 'saved');
  expect(replaced()).toBe(0);
});

test('a file that is created after a pause waits', async () => {
  const { seen, replaced } = await watching();
  unlinkSync(place.path);
  await sleep(20);
  writeFileSync(place.path, 'saved');
  await settledOn(seen, 'saved');
  expect(replaced()).toBe(0);
});

test('one of two files waits: the other may still be saved', async () => {
  const other = join(dirname(place.path), 'other.yaml');
  writeFileSync(other, 'other');
  const { seen, replaced } = await watching([place.path, other]);
  saveByRename('saved');
  await settledOn(seen, 'saved');
  expect(replaced()).toBe(0);
});
