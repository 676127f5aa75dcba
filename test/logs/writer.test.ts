// The log writer as a process, driven by its client: formats, rotation, and which process outlives which.
import { statSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LogLine } from '../../src/logs/reader/log-line.ts';
import { type ReadOptions, readLogs } from '../../src/logs/reader/read-logs.ts';
import { listRotated } from '../../src/logs/rotation.ts';
import { findWriter, LogRig, until } from './rig.ts';

let rig: LogRig;
beforeEach(async () => {
  rig = await LogRig.open();
});
afterEach(() => rig.close());

const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/;

test('a text queue stamps each line with time, instance and stream', async () => {
  const queue = rig.queue();
  await rig.client.configure([queue]);
  await rig.attach(['api.1']);
  const child = rig.node('api.1', 'console.log("one"); console.error("two"); process.stdout.write("no newline")');
  await child.exited;
  await rig.client.endOfOutput('api.1', 2000);
  const lines = rig.lines(queue.path);
  expect(lines.every((line) => STAMP.test(line))).toBe(true);
  expect(lines.map((line) => line.slice(25)).sort()).toEqual(['api.1 e two', 'api.1 o no newline', 'api.1 o one']);
  expect(statSync(queue.path).mode & 0o777).toBe(0o600);
});

test('a json queue holds one object a line', async () => {
  const queue = rig.queue({ format: 'json' });
  await rig.client.configure([queue]);
  await rig.attach(['api.1']);
  await rig.node('api.1', 'process.stdout.write("a \\"b\\" \\u0001 \\\\ ü\\n")').exited;
  await rig.client.endOfOutput('api.1', 2000);
  const [record] = rig.lines(queue.path).map((line) => JSON.parse(line));
  expect(record).toEqual({
    time: expect.stringMatching(STAMP),
    service: 'api',
    instance: 'api.1',
    stream: 'o',
    line: 'a "b" \u0001 \\ ü',
  });
});

test('a raw queue holds the lines as they are, whole', async () => {
  const queue = rig.queue({ format: 'raw' });
  await rig.client.configure([queue]);
  await rig.attach(['a.1', 'b.1']);
  const script = 'for (let i = 0; i < 20000; i++) process.stdout.write(process.argv[1].repeat(50) + "\\n")';
  const children = [rig.node('a.1', script, 'a'), rig.node('b.1', script, 'b')];
  await Promise.all(children.map((child) => child.exited));
  await rig.client.endOfOutput('a.1', 2000);
  await rig.client.endOfOutput('b.1', 2000);
  const lines = rig.lines(queue.path);
  expect(lines.length).toBe(40000);
  expect(lines.filter((line) => !/^(a{50}|b{50})$/.test(line))).toEqual([]);
});

test('rotation by size keeps as many files as asked and every line in them once', async () => {
  const queue = rig.queue({
    rotate: { sizeBytes: 100_000, keep: 100, compress: 'none', everyMs: 0, totalBytes: 0 },
  });
  await rig.client.configure([queue]);
  await rig.attach(['a.1']);
  await rig.node('a.1', 'for (let i = 0; i < 20000; i++) process.stdout.write(i + "\\n")').exited;
  await rig.client.endOfOutput('a.1', 2000);
  expect(listRotated(queue.path).length).toBeGreaterThan(2);
  expect(rig.lines(queue.path).map((line) => Number(line.split(' ').at(-1)))).toEqual([...Array(20000).keys()]);
  await rig.client.configure([{ ...queue, rotate: { ...queue.rotate, keep: 2 } }]);
  expect(listRotated(queue.path).length).toBe(2);
});

test('rotation on demand, compressed off the path of the lines', async () => {
  const queue = rig.queue({ rotate: { sizeBytes: 0, keep: 5, compress: 'gzip', everyMs: 0, totalBytes: 0 } });
  await rig.client.configure([queue]);
  await rig.attach(['a.1']);
  await rig.node('a.1', 'console.log("before")').exited;
  await rig.client.endOfOutput('a.1', 2000);
  const [rotated] = await rig.client.rotate([]);
  expect(rotated).toMatch(/main\.log\.\d{8}T\d{9}Z$/);
  await until(() => listRotated(queue.path)[0]?.gzip === true, 'the rotated file is compressed');
  await expect(rig.client.rotate(['nope'])).rejects.toThrow('no such log queue: nope');
});

test('a raw queue, rotated and compressed, is read by instance and time', async () => {
  const rotate = { sizeBytes: 100_000, keep: 100, compress: 'gzip' as const, everyMs: 0, totalBytes: 0 };
  const queue = rig.queue({ format: 'raw', rotate });
  await rig.client.configure([queue]);
  await rig.attach(['a.1', 'b.1']);
  const script = 'for (let i = 0; i < 20000; i++) process.stdout.write(process.argv[1] + " " + i + "\\n")';
  await Promise.all([rig.node('a.1', script, 'a').exited, rig.node('b.1', script, 'b').exited]);
  await rig.client.endOfOutput('a.1', 5000);
  await rig.client.endOfOutput('b.1', 5000);
  await until(() => listRotated(queue.path).some(({ gzip }) => gzip), 'a file is compressed');
  const read = async (options: Partial<ReadOptions>) => {
    const all: LogLine[] = [];
    const queues = [{ name: 'main', path: queue.path, format: 'raw' as const }];
    const defaults = { queues, instances: null, tail: null, sinceMs: null, untilMs: null, grep: null };
    for await (const lines of readLogs({ ...defaults, ...options })) all.push(...lines);
    return all;
  };
  const all = await read({});
  const expected = [...Array(20000).keys()].map(String);
  for (const name of ['a', 'b']) {
    const mine = all.filter(({ instance }) => instance === `${name}.1`);
    expect(mine.map(({ line }) => line)).toEqual(expected.map((n) => `${name} ${n}`));
  }
  expect(all.every(({ timeMs }, index) => index === 0 || timeMs >= all[index - 1]!.timeMs)).toBe(true);
  expect((await read({ instances: new Set(['b.1']), tail: 3 })).map(({ line }) => line)).toEqual([
    'b 19997',
    'b 19998',
    'b 19999',
  ]);
  const middle = all[20_000]!.timeMs;
  expect(await read({ sinceMs: middle })).toEqual(all.filter(({ timeMs }) => timeMs >= middle));
});

test('requests before the writer runs are handled once it runs', async () => {
  const other = new LogRig();
  void other.connect();
  await until(() => other.client !== undefined, 'the client is there');
  const queue = other.queue();
  void other.client.configure([queue]);
  await other.attach(['a.1']);
  await other.node('a.1', 'console.log("hello")').exited;
  await other.client.endOfOutput('a.1', 2000);
  expect(other.lines(queue.path).length).toBe(1);
  expect((await other.client.stats())[0]).toMatchObject({ name: 'main', lines: 1, depthBytes: 0, error: null });
  await other.close();
});

test('a killed writer is replaced and its successor is configured; no unread line is lost', async () => {
  const queue = rig.queue();
  await rig.client.configure([queue]);
  await rig.attach(['a.1']);
  const pid = await rig.writerPid();
  process.kill(pid, 'SIGKILL');
  await until(() => findWriter(rig.paths.root) !== pid, 'the writer is dead');
  const child = rig.node('a.1', 'for (let i = 0; i < 20000; i++) process.stdout.write(i + "\\n")');
  await child.exited;
  await rig.client.endOfOutput('a.1', 5000);
  expect(rig.lines(queue.path).map((line) => Number(line.split(' ').at(-1)))).toEqual([...Array(20000).keys()]);
  expect(rig.lost.length).toBe(1);
});

test('the writer outlives its supervisor while an instance lives, and exits after the last one', async () => {
  const queue = rig.queue();
  await rig.client.configure([queue]);
  await rig.attach(['a.1']);
  const pid = await rig.writerPid();
  const child = rig.node('a.1', 'setTimeout(() => console.log("late"), 4500)');
  rig.client.close();
  rig.releaseFifos();
  await child.exited;
  expect(findWriter(rig.paths.root)).toBe(pid);
  await until(() => findWriter(rig.paths.root) === null, 'the writer has left');
  expect(rig.lines(queue.path).map((line) => line.split(' ').at(-1))).toEqual(['late']);
  await rig.connect();
});
