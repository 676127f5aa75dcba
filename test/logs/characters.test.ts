// No character is broken by where a read, a write or the limit of a line cuts it, in any format; bytes that are not UTF-8
// stay representable.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { LogFormat } from '../../src/core/log-queue-spec.ts';
import { findWriter, LogRig, until } from './rig.ts';

const MAX_LINE_BYTES = 1024 * 1024;
const SPLIT_END = ' … (line goes on)';

async function withQueue(format: LogFormat, use: (rig: LogRig, path: string) => Promise<void>): Promise<void> {
  const rig = await LogRig.open();
  try {
    const queue = rig.queue({ format });
    await rig.client.configure([queue]);
    await rig.attach(['api.1']);
    await use(rig, queue.path);
  } finally {
    await rig.close();
  }
}

/** The texts of the lines of a json or text file. */
function texts(rig: LogRig, path: string, format: LogFormat): string[] {
  if (format === 'json') return rig.lines(path).map((line) => JSON.parse(line).line as string);
  return rig.lines(path).map((line) => line.slice('2026-01-31T14:05:00.123Z api.1 o '.length));
}

test('each byte written by itself: every character arrives whole', async () => {
  await withQueue('json', async (rig, path) => {
    // Two, three and four bytes; a pause after each byte, so that each is a read of its own.
    const child = rig.node(
      'api.1',
      `const bytes = Buffer.from('ä€😀\\n"é\\\\\\n');
       let at = 0;
       const next = () => {
         if (at === bytes.length) return;
         process.stdout.write(bytes.subarray(at, ++at));
         setTimeout(next, 3);
       };
       next();`,
    );
    await child.exited;
    await until(() => rig.lines(path).length === 2, 'both lines are there');
    expect(texts(rig, path, 'json')).toEqual(['ä€😀', '"é\\']);
  });
});

test.each<LogFormat>(['json', 'text'])('%s: a line that is too long is split between characters', async (format) => {
  await withQueue(format, async (rig, path) => {
    // The limit falls behind each of the four bytes of a character, and of a combination of lengths.
    const child = rig.node(
      'api.1',
      `const { writeSync } = require('node:fs');
       for (const [pad, tail] of [[0, '😀'], [1, '😀'], [2, '😀'], [3, '😀'], [1, '€'], [2, '€'], [1, 'é']]) {
         const bytes = Buffer.from('x'.repeat(${MAX_LINE_BYTES} - pad) + tail + 'end\\n');
         for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
       }`,
    );
    await child.exited;
    await until(() => rig.lines(path).length === 14, 'seven lines of two pieces');
    const found = texts(rig, path, format);
    expect(found.filter((text) => text.includes('\ufffd'))).toEqual([]);
    const tails = ['😀', '😀', '😀', '😀', '€', '€', 'é'];
    for (const [index, tail] of tails.entries()) {
      const [first, second] = [found[2 * index]!, found[2 * index + 1]!];
      expect(first.endsWith(SPLIT_END)).toBe(true);
      expect(`${first.slice(0, -SPLIT_END.length)}${second}`.replace(/^x+/, '')).toBe(`${tail}end`);
    }
  });
});

test('a line without any character boundary is split at the limit', async () => {
  await withQueue('raw', async (rig, path) => {
    const child = rig.node(
      'api.1',
      `const { writeSync } = require('node:fs');
       const bytes = Buffer.alloc(${MAX_LINE_BYTES} + 10, 0x80);
       for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);`,
    );
    await child.exited;
    await rig.client.endOfOutput('api.1', 2000);
    await until(() => readFileSync(path).length > MAX_LINE_BYTES, 'both pieces are there');
    const bytes = readFileSync(path);
    expect(bytes.filter((byte) => byte === 0x80).length).toBe(
      MAX_LINE_BYTES + 10 + Buffer.from(SPLIT_END).filter((b) => b === 0x80).length,
    );
    expect(bytes.filter((byte) => byte === 10).length).toBe(2);
  });
});

test('bytes that are not UTF-8 become U+FFFD in json, and stay as they are in text', async () => {
  for (const format of ['json', 'text'] as const) {
    await withQueue(format, async (rig, path) => {
      const child = rig.run('api.1', '/usr/bin/printf', ['a\\xffb\\xe2\\x82 \\0c\\n']);
      await child.exited;
      await until(() => rig.read(path).endsWith('\n'), 'the line is there');
      if (format === 'json') expect(texts(rig, path, 'json')).toEqual(['a\ufffdb\ufffd \u0000c']);
      else expect(rig.read(path).slice(-9)).toBe('a\xffb\xe2\x82 \x00c\n');
    });
  }
});

test('a log writer that is killed within a character: the next one breaks none', async () => {
  await withQueue('json', async (rig, path) => {
    const go = join(rig.paths.root, 'go');
    const child = rig.node(
      'api.1',
      `const { existsSync, writeSync } = require('node:fs');
       writeSync(1, Buffer.from([...Buffer.from('first\\nein '), 0xc3]));
       setInterval(() => {
         if (!existsSync(process.argv[1])) return;
         writeSync(1, Buffer.from([0xa4, ...Buffer.from(' end\\nlast é\\n')]));
         process.exit();
       }, 10);`,
      go,
    );
    await until(() => rig.lines(path).length === 1, 'the first line is there');
    const pid = await rig.writerPid();
    process.kill(pid, 'SIGKILL');
    await until(() => (findWriter(rig.paths.root) ?? pid) !== pid, 'the next one runs');
    writeFileSync(go, '');
    await child.exited;
    await until(() => texts(rig, path, 'json').at(-1) === 'last é', 'the last line is there');
    expect(texts(rig, path, 'json')).toEqual(['first', '… 1 line dropped', 'last é']);
  });
});
