// The output of one instance in a queue that others flood: nothing of it is left out, and a scan for it can be ended.
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { followLogs } from '../../src/logs/reader/follow-logs.ts';
import { openRotated } from '../../src/logs/reader/queue-files.ts';
import { main } from './log-directory.ts';
import { until } from './rig.ts';

const TIME = '2026-03-01T12:00:00.000Z';
const STAMP = '20260301T120000000Z';
const line = (instance: string, text: string) => `${TIME} ${instance} o ${text}\n`;
/** 2.5 MB; the name of the other one is in it, too. */
const flood = line('flood.1', `wide.1 and ${'x'.repeat(1000)}`).repeat(2400);
const json = (text: string) =>
  `${JSON.stringify({ time: TIME, service: 'wide', instance: 'wide.1', stream: 'o', line: text })}\n`;

test.each(['wide', 'wide.1'])('%s during a flood, over a rotation: every line, in order', async (name) => {
  writeFileSync(main, line('flood.1', 'begin') + line('wide.1', 'first'));
  const seen: string[] = [];
  const follower = followLogs({
    queues: [{ name: 'main', path: main, format: 'text' }],
    instances: new Set([name]),
    tail: 10,
    onLines: (lines) => {
      for (const each of lines) seen.push(`${each.instance} ${each.line}`);
    },
  });
  await until(() => seen.length === 1, 'the past');
  appendFileSync(main, flood + line('wide.1', '1') + flood + line('wide.10', 'another') + json('2') + flood);
  renameSync(main, `${main}.${STAMP}`);
  writeFileSync(main, line('wide.1', '3') + flood + line('wide.1', '4'));
  await until(() => seen.some((each) => each.endsWith(' 4')), `all, have ${seen.join('|')}`);
  follower.close();
  const others = name === 'wide' ? ['wide.10 another'] : [];
  expect(seen).toEqual(['wide.1 first', 'wide.1 1', ...others, 'wide.1 2', 'wide.1 3', 'wide.1 4']);
});

test.each(['plain', 'gzipped'])('a reader of the last lines of a file stops on request: %s', async (kind) => {
  const path = kind === 'gzipped' ? `${main}.${STAMP}.gz` : `${main}.${STAMP}`;
  const all = flood.repeat(4);
  writeFileSync(path, kind === 'gzipped' ? gzipSync(all) : all);
  const segment = openRotated({ path, stampMs: Date.parse(TIME), gzip: kind === 'gzipped' }, 'utf8')!;
  let looked = 0;
  const found = await segment.last(10, () => {
    looked += 1;
    segment.stop();
    return false;
  });
  segment.close();
  expect(found).toEqual([]);
  expect(looked).toBeGreaterThan(0);
  expect(looked).toBeLessThan(all.split('\n').length / 4);
});

test('a follower that is closed while it reads existing lines delivers nothing', async () => {
  writeFileSync(main, flood.repeat(4));
  const told: string[] = [];
  const follow = (name: string) =>
    followLogs({
      queues: [{ name: 'main', path: main, format: 'text' }],
      instances: new Set(['unknown']),
      tail: 10,
      onLines: () => void told.push(`${name} got lines`),
      onCaughtUp: () => void told.push(`${name} has read the past`),
    });
  follow('closed').close();
  const other = follow('other');
  await until(() => told.length > 0, 'a second one has read the past');
  other.close();
  expect(told).toEqual(['other has read the past']);
});
