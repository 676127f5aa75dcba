// Where the past ends and following begins: what is written just then is read once.
import { appendFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { encodeOrigin } from '../../src/logs/raw-index.ts';
import { openLive } from '../../src/logs/reader/queue-files.ts';
import { indexRecord } from './index-record.ts';
import { main, T0 } from './log-directory.ts';

const writes = {
  text: (n: number) => appendFileSync(main, `${new Date(T0 + n).toISOString()} a.1 o line ${n}\n`),
  raw: (n: number) => {
    const text = `line ${n}\n`;
    const at = { kind: 1 as const, stream: 'o' as const, split: false, origin: 0, lines: 1, timeMs: T0 + n };
    appendFileSync(main, text);
    appendFileSync(`${main}.idx`, indexRecord({ ...at, offset: n * text.length, length: text.length }));
  },
};

test.each(['text', 'raw'] as const)('a %s file that grows while its existing lines are read', async (format) => {
  writeFileSync(main, '');
  if (format === 'raw') writeFileSync(`${main}.idx`, encodeOrigin('a.1'));
  writes[format](0);
  writes[format](1);
  const segment = openLive({ name: 'main', path: main, format }, 'utf8')!;
  const place = segment.freeze();
  writes[format](2);
  const past: string[] = [];
  for await (const lines of segment.forward(0)) past.push(...lines.map(({ line }) => line));
  expect(past).toEqual(['line 0', 'line 1']);
  expect(segment.readFrom(place, null).lines.map(({ line }) => line)).toEqual(['line 2']);
  segment.close();
});
