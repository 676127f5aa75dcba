// Real processes and queues with limits: drop policies, special files, rotation by time, caps, settings changed live.
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listRotated } from '../../src/logs/rotation.ts';
import { body, endOf, numbered, range, readBack, tally } from './numbered.ts';
import { LogRig, until } from './rig.ts';

let rig: LogRig;
beforeEach(async () => {
  rig = await LogRig.open();
});
afterEach(() => rig.close());

test.each(['drop_newest', 'drop_oldest'] as const)(
  '%s on a disk that hangs: written = stored + reported, marked in place, others fed',
  async (overflow) => {
    // A file that hangs: a FIFO that no process reads for a while.
    const path = join(rig.paths.root, 'hanging');
    execFileSync('mkfifo', [path]);
    const hold = openSync(path, 'r+');
    const queue = rig.queue({ path, overflow, capacityBytes: 256 * 1024 });
    await rig.client.configure([queue]);
    await rig.attach(['flood.1', 'quiet.1']);
    const flood = numbered(rig, 'flood.1', 50_000);
    const quiet = rig.run('quiet.1', 'sh', [
      '-c',
      'for n in 1 2 3 4 5 6 7 8 9 10; do echo "line $n"; sleep 0.02; done',
    ]);
    await Promise.all([flood.exited, quiet.exited]);
    await rig.client.endOfOutput('flood.1', 300);
    await rig.client.endOfOutput('quiet.1', 300);
    const [before] = await rig.client.stats();
    expect(before!.droppedLines).toBeGreaterThan(10_000);
    expect(before!.highWaterBytes).toBeGreaterThanOrEqual(before!.depthBytes);
    expect(before!.highWaterBytes).toBeLessThanOrEqual(queue.capacityBytes);
    expect(before!.droppedByInstance).toEqual({ 'flood.1': before!.droppedLines });
    expect(rig.events.find(({ type }) => type === 'log_dropped')?.details).toMatchObject({
      droppedByInstance: { 'flood.1': expect.any(Number) },
      capacityBytes: queue.capacityBytes,
      depthBytes: expect.any(Number),
    });
    const copy = join(rig.paths.root, 'copy');
    writeFileSync(copy, '');
    const reader = rig.run('quiet.1', 'sh', ['-c', 'cat "$0" > "$1"', path, copy]);
    await until(async () => (await rig.client.stats())[0]!.depthBytes === 0, 'the backlog is written');
    await until(() => readFileSync(copy, 'utf8').includes('line 10'), 'all of it was read');
    closeSync(hold);
    reader.process.kill('SIGKILL');
    const lines = readFileSync(copy, 'utf8').split('\n').slice(0, -1).map(body);
    const marks = lines.filter((line) => /^… [\d,]+ lines? dropped$/.test(line));
    const reported = marks.reduce((sum, mark) => sum + Number(mark.slice(2).split(' ')[0]!.replaceAll(',', '')), 0);
    const { seen, torn } = tally(lines.filter((line) => !line.startsWith('…') && !line.startsWith('line ')));
    expect(torn).toEqual([]);
    expect(seen.get('flood.1')!.length + reported).toBe(50_000);
    expect(reported).toBe(before!.droppedLines);
    expect(seen.get('flood.1')).toEqual([...seen.get('flood.1')!].sort((a, b) => a - b));
    expect(lines.filter((line) => line.startsWith('line ')).length).toBe(10);
  },
);

test('a queue that feeds a FIFO loses nothing while its reader is gone, and no other queue waits for it', async () => {
  const path = join(rig.paths.root, 'sink');
  execFileSync('mkfifo', [path]);
  const hold = openSync(path, 'r+');
  const rotate = { sizeBytes: 4096, keep: 5, compress: 'none' as const, everyMs: 0, totalBytes: 0 };
  const sink = rig.queue({ name: 'sink', path, format: 'raw', capacityBytes: 64 * 1024, rotate });
  await rig.client.configure([sink, rig.queue()]);
  await rig.attach(['a.1'], 'sink');
  await rig.attach(['b.1']);
  const child = numbered(rig, 'a.1', 20_000);
  await until(async () => (await rig.client.stats())[0]!.depthBytes > 0, 'the sink is full');
  expect(child.process.exitCode).toBe(null);
  await numbered(rig, 'b.1', 100).exited;
  await rig.client.endOfOutput('b.1', 1000);
  expect(tally(rig.lines(rig.queue().path).map(body)).seen.get('b.1')).toEqual(range(100));
  const copy = join(rig.paths.root, 'copy');
  writeFileSync(copy, '');
  const reader = rig.run('b.1', 'sh', ['-c', 'cat "$0" > "$1"', path, copy]);
  await child.exited;
  await rig.client.endOfOutput('a.1', 10_000);
  await until(() => readFileSync(copy, 'utf8').includes('a.1 19999 '), 'all of it was read');
  closeSync(hold);
  reader.process.kill('SIGKILL');
  const { seen, torn } = tally(readFileSync(copy, 'utf8').split('\n').slice(0, -1));
  expect([torn, seen.get('a.1')]).toEqual([[], range(20_000)]);
});

test('a writer killed while its file is slow loses one chunk of a stream, not a whole capacity', async () => {
  const path = join(rig.paths.root, 'slow');
  execFileSync('mkfifo', [path]);
  const hold = openSync(path, 'r+');
  await rig.client.configure([rig.queue({ path, format: 'raw' })]);
  await rig.attach(['a.1']);
  const child = numbered(rig, 'a.1', 40_000);
  let unchanged = 0;
  let depthBytes = 0;
  await until(async () => {
    const [status] = await rig.client.stats();
    unchanged = status!.depthBytes > 0 && status!.depthBytes === depthBytes ? unchanged + 1 : 0;
    ({ depthBytes } = status!);
    return unchanged === 10;
  }, 'the producer waits');
  process.kill(await rig.writerPid(), 'SIGKILL');
  const copy = join(rig.paths.root, 'copy');
  writeFileSync(copy, '');
  const reader = rig.run('a.1', 'sh', ['-c', 'cat "$0" > "$1"', path, copy]);
  await child.exited;
  await until(() => readFileSync(copy, 'utf8').includes('a.1 39999 '), 'the rest was read');
  closeSync(hold);
  reader.process.kill('SIGKILL');
  const stored = readFileSync(copy, 'utf8');
  const seen = new Set(tally(stored.split('\n')).seen.get('a.1'));
  const lost = range(40_000).filter((n) => !seen.has(n));
  expect(lost.length).toBeGreaterThan(0);
  expect(lost).toEqual(range(lost.length).map((index) => lost[0]! + index)); // one gap
  const shortest = 'a.1 1 7919 \n'.length;
  expect(lost.length * shortest).toBeLessThanOrEqual(64 * 1024);
});

test('a device is never rotated away', async () => {
  const rotate = { sizeBytes: 4096, keep: 5, compress: 'gzip' as const, everyMs: 0, totalBytes: 0 };
  await rig.client.configure([rig.queue({ path: '/dev/null', rotate })]);
  await rig.attach(['a.1']);
  await numbered(rig, 'a.1', 5000).exited;
  await endOf(rig, ['a.1']);
  expect(await rig.client.rotate([])).toEqual([]);
  expect((await rig.client.stats())[0]!.lines).toBe(5000);
  expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
});

test('rotation by time includes a file that is not written any more', async () => {
  const queue = rig.queue({ rotate: { sizeBytes: 0, keep: 5, compress: 'none', everyMs: 1500, totalBytes: 0 } });
  await rig.client.configure([queue]);
  await rig.attach(['a.1']);
  await numbered(rig, 'a.1', 10).exited;
  await endOf(rig, ['a.1']);
  await until(() => listRotated(queue.path).length === 1, 'it is rotated');
  expect(existsSync(queue.path)).toBe(false);
});

test('a rotated file is deleted once it is too old, though nothing is written or rotated any more', async () => {
  const queue = rig.queue({ rotate: { sizeBytes: 0, keep: 5, compress: 'none', everyMs: 0, totalBytes: 0 } });
  await rig.client.configure([queue]);
  await rig.attach(['a.1']);
  await numbered(rig, 'a.1', 10).exited;
  await endOf(rig, ['a.1']);
  await rig.client.rotate([]);
  expect(listRotated(queue.path)).toHaveLength(1);
  await rig.client.configure([{ ...queue, rotate: { ...queue.rotate, maxAgeMs: 600_000 } }]);
  expect(listRotated(queue.path)).toHaveLength(1);
  await rig.client.configure([{ ...queue, rotate: { ...queue.rotate, maxAgeMs: 700 } }]);
  await until(() => listRotated(queue.path).length === 0, 'it is deleted');
});

test('a cap on the size of all rotated files', async () => {
  const queue = rig.queue({
    rotate: { sizeBytes: 50_000, keep: 100, compress: 'none', everyMs: 0, totalBytes: 200_000 },
  });
  await rig.client.configure([queue]);
  await rig.attach(['a.1']);
  await numbered(rig, 'a.1', 20_000).exited;
  await endOf(rig, ['a.1']);
  const sizes = listRotated(queue.path).map(({ path }) => statSync(path).size);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(200_000);
  expect(sizes.length).toBeGreaterThan(1);
});

test('a queue changes its format and its path while it is written: no line is lost', async () => {
  const queue = rig.queue();
  await rig.client.configure([queue]);
  await rig.attach(['a.1']);
  const end = join(rig.paths.root, 'end');
  const child = numbered(rig, 'a.1', 100_000, end);
  const formats = ['raw', 'json', 'text', 'raw', 'text'] as const;
  for (const format of formats) {
    const { lines = 0 } = (await rig.client.stats())[0] ?? {};
    await until(async () => (await rig.client.stats())[0]!.lines > lines, 'it is written');
    await rig.client.configure([{ ...queue, format }]);
  }
  const other = join(rig.paths.root, 'elsewhere/other.log');
  await rig.client.configure([{ ...queue, path: other }]);
  writeFileSync(end, '');
  await child.exited;
  await endOf(rig, ['a.1']);
  const lines = [...(await readBack(queue.path)), ...(await readBack(other))];
  const { seen, torn } = tally(lines.map(({ line }) => line));
  expect(torn).toEqual([]);
  expect(seen.get('a.1')).toEqual(range(Number(readFileSync(end, 'utf8'))));
});
