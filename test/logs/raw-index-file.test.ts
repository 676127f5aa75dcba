// The index of a raw file as it is written.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodeOrigin, decodeRecord, RECORD_BYTES } from '../../src/logs/raw-index.ts';
import { RawIndexWriter } from '../../src/logs/writer/raw-index-writer.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';

test('any number of pieces wait until they are written, and are all there then', () => {
  const dir = temporaryDirectory('index');
  const path = join(dir, 'main.log');
  const index = new RawIndexWriter(path, 0, 1);
  const names = Array.from({ length: 50 }, (_, n) => `service-${'x'.repeat(n)}.1`);
  for (const round of [1, 2]) {
    for (const instance of names) {
      const origin = { instance, service: instance, stream: 'o' as const };
      index.add({ origin, timeMs: round, length: 10, lines: round, isGap: false });
    }
    if (round === 2) expect(readFileSync(`${path}.idx`)).toHaveLength(0);
  }
  index.flush();
  index.flush();
  index.close();
  const bytes = readFileSync(`${path}.idx`);
  const found: [name: string | null, timeMs: number, offset: number][] = [];
  for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
    const record = decodeRecord(bytes, at);
    if (record) found.push([decodeOrigin(bytes, record.origin * RECORD_BYTES), record.timeMs, record.offset]);
  }
  const wanted = [...names.map((name) => [name, 1]), ...names.map((name) => [name, 2])];
  expect(found).toEqual(wanted.map(([name, timeMs], n) => [name, timeMs, n * 10]));
});
