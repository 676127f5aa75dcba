// The fast framing against the plain one: whatever bytes come, however small the batches are.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assemble } from '../../scripts/framer.mjs';
import type { Origin } from '../../src/logs/line-format.ts';
import { Framer } from '../../src/logs/writer/framer.ts';
import { framerModule } from '../../src/logs/writer/framer-module.ts';
import { frameLines } from './frame-lines.ts';

const framer = new Framer();
const origin: Origin = { instance: 'api.1', service: 'api', stream: 'o' };
const TIME = Date.parse('2026-03-01T12:00:00.123Z');

/** Frames in batches that hold `limitBytes`, as a queue does. */
function frame(format: 'text' | 'json' | 'raw', lines: Buffer, limitBytes: number): { bytes: Buffer; lines: number } {
  const from = framer.prependToInput(Buffer.alloc(0));
  lines.copy(framer.memory, from);
  const end = from + lines.length;
  const out: Buffer[] = [];
  let count = 0;
  for (let at = from; at < end; ) {
    const batch = framer.takeBatch()!;
    const next = framer.frame(format, origin, TIME, at, end, batch, limitBytes);
    const used = next > at ? batch : framer.longBatch();
    const line = framer.memory.indexOf(10, at) + 1;
    const reached = next > at ? next : framer.frame(format, origin, TIME, at, line, used, used.capacityBytes);
    out.push(Buffer.from(framer.memory.subarray(used.begin, used.fill)));
    expect(out.at(-1)!.at(-1)).toBe(10);
    count += framer.lines;
    framer.returnBatch(batch);
    at = reached;
  }
  return { bytes: Buffer.concat(out), lines: count };
}

test('the module is what its source assembles to', async () => {
  expect(framerModule).toBe(await assemble());
});

const piece = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => Buffer.from(text)),
  fc.string({ maxLength: 200 }).map((text) => Buffer.from(text)),
  fc
    .constantFrom('"', '\\', '\t', '\b', '\f', '\r', '\x00', '\x1f', '\x7f', '\n', '\n\n')
    .map((text) => Buffer.from(text)),
  // Broken UTF-8: overlong, surrogate, beyond U+10FFFF, cut off.
  fc
    .constantFrom('c080', 'e08080', 'eda080', 'f0808080', 'f4908080', 'f5', 'ff', 'e282', 'f09f98', '80', 'c3')
    .map((hex) => Buffer.from(hex, 'hex')),
);

test.each(['text', 'json', 'raw'] as const)('%s is framed as the plain form frames it', (format) => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), fc.integer({ min: 200, max: 5000 }), (pieces, limitBytes) => {
      const lines = Buffer.concat([...pieces, Buffer.from('\n')]);
      const framed = frame(format, lines, limitBytes);
      expect(framed.bytes.equals(frameLines(format, origin, TIME, lines))).toBe(true);
      expect(framed.lines).toBe(lines.filter((byte) => byte === 10).length);
    }),
    { numRuns: 400 },
  );
});

test('a line of 1 MiB whose every byte takes six', () => {
  const line = Buffer.alloc(64 * 1024, 1);
  line[line.length - 1] = 10;
  const held = Buffer.alloc(1024 * 1024 - 64 * 1024, 1);
  const from = framer.prependToInput(held);
  line.copy(framer.memory, framer.inputEnd(0));
  const batch = framer.longBatch();
  const end = framer.inputEnd(line.length);
  expect(framer.frame('json', origin, TIME, from, end, batch, batch.capacityBytes)).toBe(end);
  const record = JSON.parse(framer.memory.toString('utf8', batch.begin, batch.fill));
  expect(record.line).toBe('\u0001'.repeat(1024 * 1024 - 1));
});
