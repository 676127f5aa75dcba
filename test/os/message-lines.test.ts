// Lines of an IPC channel: of any length in any pieces, and bounded memory.
import { expect, test } from 'vitest';
import { MAX_LINE_BYTES, MessageLines } from '../../src/os/ipc/message-lines.ts';

/** @returns the lines, and after how many chunks one was too long */
function split(chunks: (string | Buffer)[]): { lines: string[]; tooLong: number } {
  const splitter = new MessageLines();
  const lines: string[] = [];
  let tooLong = 0;
  for (const chunk of chunks)
    if (splitter.push(Buffer.from(chunk as string), (line) => lines.push(line.toString('utf8')))) tooLong++;
  return { lines, tooLong };
}

test.each([
  ['one by one', (text: string) => [...text].map((character) => character)],
  ['at once', (text: string) => [text]],
  ['a byte at a time', (text: string) => [...Buffer.from(text)].map((byte) => Buffer.of(byte))],
])('%s: lines come out as they were written', (_, cut) => {
  expect(split(cut('"ready"\n{"cmd":"NODE_X"}\n\n"größe"\n"rest'))).toEqual({
    lines: ['"ready"', '{"cmd":"NODE_X"}', '', '"größe"'],
    tooLong: 0,
  });
});

test('a line that is too long is skipped up to its end, wherever that is', () => {
  const limit = 'x'.repeat(MAX_LINE_BYTES);
  expect(split([`${limit}\n`]).lines).toEqual([limit]);
  expect(split([`${limit}x\nnext\n`])).toEqual({ lines: ['next'], tooLong: 1 });
  expect(split([limit, 'x', `${limit}${limit}`, 'end\nnext\n', 'last\n'])).toEqual({
    lines: ['next', 'last'],
    tooLong: 3,
  });
});

test('pieces of long lines do not stay in memory', () => {
  const splitter = new MessageLines();
  const chunk = Buffer.alloc(1024 * 1024, 'y');
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 200; count++) splitter.push(chunk, () => undefined);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20e6);
});
