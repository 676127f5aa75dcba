// Real processes, real faults: the writer, the supervisor and the disk fail. Under `block` every complete line is stored once and
// in order; what may be lost when the writer itself is killed is bounded.
import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { body, endOf, numbered, range, readBack, sizeOf, tally } from './numbered.ts';
import { findWriter, LogRig, until, writerEntry } from './rig.ts';
import { canMount, mountSmallDisk, resizeDisk, unmount } from './small-disk.ts';

let rig: LogRig;
beforeEach(async () => {
  rig = await LogRig.open();
});
afterEach(() => rig.close());

test.each([
  { pipes: 'pipes of 64 KiB', isWide: false, format: 'text' as const, kills: 4 },
  { pipes: 'wide pipes, raw', isWide: true, format: 'raw' as const, kills: 2 },
])(
  'the writer killed again and again ($pipes): nothing doubled or torn, at most 64 KiB of a stream lost each time',
  async ({ isWide, format, kills }) => {
    rig.widensPipes = isWide;
    const queue = rig.queue({ format });
    await rig.client.configure([queue]);
    const names = ['a.1', 'b.1', 'c.1', 'd.1'];
    await rig.attach(names);
    const children = names.map((name) => numbered(rig, name, 60_000));
    for (let kill = 1; kill <= kills; kill += 1) {
      await until(() => sizeOf(queue.path) > kill * 400_000, 'it has written more');
      await until(
        async () => (await rig.client.stats()).length > 0 && findWriter(rig.paths.root) !== null,
        'a writer runs',
      );
      const pid = await rig.writerPid();
      process.kill(pid, 'SIGKILL');
      await until(() => findWriter(rig.paths.root) !== pid, 'the writer is dead');
    }
    await Promise.all(children.map(({ exited }) => exited));
    await endOf(rig, names);
    const isMark = (line: string) => /^… [\d,]+ lines? dropped$/.test(line);
    const { seen, torn } = tally(
      rig
        .lines(queue.path)
        .map(format === 'text' ? body : (line) => line)
        .filter((line) => !isMark(line)),
    );
    expect(torn).toEqual([]);
    for (const name of names) {
      const got = seen.get(name)!;
      expect(got).toEqual([...new Set(got)].sort((a, b) => a - b));
      const lostBytes = (60_000 - got.length) * 80;
      expect(lostBytes).toBeLessThanOrEqual(kills * 64 * 1024 * 1.2);
    }
    if (rig.widensPipes) {
      const flooding = rig.events.filter(({ type }) => type === 'stream_flooded').map(({ instance }) => instance);
      expect([...new Set(flooding)].sort()).toEqual(names);
    }
  },
);

test('a last line without newline is complete: the writer after a killed one skips nothing', async () => {
  const queue = rig.queue();
  await rig.client.configure([queue]);
  await rig.attach(['a.1']);
  await rig.run('a.1', 'printf', ['no end']).exited;
  await endOf(rig, ['a.1']);
  const pid = await rig.writerPid();
  process.kill(pid, 'SIGSTOP');
  await rig.run('a.1', 'printf', ['first\nsecond\n']).exited;
  process.kill(pid, 'SIGKILL');
  await until(() => findWriter(rig.paths.root) !== pid, 'the writer is dead');
  await endOf(rig, ['a.1']);
  await until(() => rig.lines(queue.path).length === 3, 'all is there');
  expect(rig.lines(queue.path).map(body)).toEqual(['no end', 'first', 'second']);
});

test.each([
  { when: 'before the writer is lost', isAsked: 'before', isQueueGone: false },
  { when: 'while no writer runs', isAsked: 'after', isQueueGone: false },
  { when: 'while no writer runs, and its queue is removed', isAsked: 'after', isQueueGone: true },
])('the last lines of an instance that is removed $when are read', async ({ isAsked, isQueueGone }) => {
  const [queue, own] = [rig.queue(), rig.queue({ name: 'own' })];
  await rig.client.configure([queue, own]);
  await rig.attach(['a.1'], 'own');
  await rig.attach(['b.1']);
  const pid = await rig.writerPid();
  process.kill(pid, 'SIGSTOP');
  await rig.run('a.1', 'printf', ['first\nlast\n']).exited;
  let detached: Promise<void> | null = null;
  const detach = () => {
    if (isQueueGone) void rig.client.configure([queue]);
    detached = rig.client.detach(['a.1']);
  };
  if (isAsked === 'before') detach();
  else rig.onLost = detach;
  process.kill(pid, 'SIGKILL');
  await until(() => detached !== null && rig.lost.length === 1, 'the loss is known');
  await detached;
  rig.releaseFifo('a.1');
  await until(() => rig.lines(own.path).length === 2, 'both lines are there');
  expect(rig.lines(own.path).map(body)).toEqual(['first', 'last']);
  const queues = isQueueGone ? ['main'] : ['main', 'own'];
  await until(async () => (await rig.client.stats()).map(({ name }) => name).join() === queues.join(), 'the queues');
});

test('the supervisor is killed and comes back: the writer keeps running and loses no line', async () => {
  const queue = rig.queue();
  await rig.client.configure([queue]);
  await rig.attach(['a.1', 'b.1']);
  const pid = await rig.writerPid();
  const children = [numbered(rig, 'a.1', 50_000), numbered(rig, 'b.1', 50_000)];
  rig.client.close();
  rig.releaseFifos();
  await until(() => sizeOf(queue.path) > 300_000, 'lines arrive without a supervisor');
  await rig.connect();
  await rig.client.configure([queue]);
  await rig.attach(['a.1', 'b.1']);
  await Promise.all(children.map(({ exited }) => exited));
  await endOf(rig, ['a.1', 'b.1']);
  expect(await rig.writerPid()).toBe(pid);
  const { seen, torn } = tally(rig.lines(queue.path).map(body));
  expect(torn).toEqual([]);
  expect([seen.get('a.1'), seen.get('b.1')]).toEqual([range(50_000), range(50_000)]);
});

test.runIf(canMount).each(['text', 'raw'] as const)(
  'disk full (%s): producers wait, the writer reports it, and all resume when there is room',
  async (format) => {
    const disk = join(rig.paths.root, 'disk');
    mountSmallDisk(disk, '512k');
    try {
      const full = rig.queue({ name: 'full', path: join(disk, 'full.log'), format });
      const fine = rig.queue({ name: 'fine' });
      await rig.client.configure([full, fine]);
      await rig.attach(['a.1'], 'full');
      await rig.attach(['b.1'], 'fine');
      const child = numbered(rig, 'a.1', 20_000);
      await until(() => rig.events.some(({ type }) => type === 'log_blocked'), 'the full disk is reported');
      const status = (await rig.client.stats()).find(({ name }) => name === 'full')!;
      expect(status.error).toContain('ENOSPC');
      expect(status.depthBytes).toBeLessThan(full.capacityBytes + 1024 * 1024);
      await numbered(rig, 'b.1', 1000).exited;
      await rig.client.endOfOutput('b.1', 5000);
      expect(tally(rig.lines(fine.path).map(body)).seen.get('b.1')).toEqual(range(1000));
      expect(child.process.exitCode).toBe(null);
      resizeDisk(disk, '64m');
      await child.exited;
      await endOf(rig, ['a.1']);
      await until(() => rig.events.some(({ type }) => type === 'log_resumed'), 'the resumption is reported');
      const lines = (await readBack(full.path)).map(({ line }) => line);
      const { seen, torn } = tally(lines);
      expect(torn).toEqual([]);
      expect(seen.get('a.1')).toEqual(range(20_000));
    } finally {
      await rig.client.shutdown(2000);
      unmount(disk);
      await rig.connect();
    }
  },
);

test.skipIf(!canMount)('scaled down while the disk is full: its last lines are stored when there is room', async () => {
  const disk = join(rig.paths.root, 'disk');
  mountSmallDisk(disk, '64k');
  try {
    const queue = rig.queue({ path: join(disk, 'full.log'), capacityBytes: 64 * 1024 });
    await rig.client.configure([queue]);
    await rig.attach(['a.1', 'b.1']);
    const flood = numbered(rig, 'b.1', 20_000);
    await until(() => rig.events.some(({ type }) => type === 'log_blocked'), 'the disk is full');
    await numbered(rig, 'a.1', 300).exited;
    await rig.client.endOfOutput('a.1', 300);
    await rig.client.detach(['a.1']);
    rig.releaseFifo('a.1');
    resizeDisk(disk, '64m');
    await flood.exited;
    await endOf(rig, ['b.1']);
    const { seen, torn } = tally((await readBack(queue.path)).map(({ line }) => line));
    expect(torn).toEqual([]);
    expect(seen.get('b.1')).toEqual(range(20_000));
    expect(seen.get('a.1')).toEqual(range(300));
  } finally {
    await rig.client.shutdown(2000);
    unmount(disk);
    await rig.connect();
  }
});

test('the log directory removed, the file moved and deleted under the writer: it comes back', async () => {
  const queue = rig.queue();
  await rig.client.configure([queue]);
  await rig.attach(['a.1']);
  const script =
    'for (let n = 0; n < 1e9; n++) { const end = Date.now() + 20; while (Date.now() < end); require("fs").writeSync(1, n + "\\n"); }';
  rig.node('a.1', script);
  const lastOf = (path: string) => Number(readFileSync(path, 'utf8').trim().split(' ').at(-1));
  await until(() => sizeOf(queue.path) > 0, 'the first line');
  renameSync(queue.path, `${queue.path}.moved`);
  await until(() => sizeOf(queue.path) > 0, 'a new file after the move');
  const moved = readFileSync(`${queue.path}.moved`, 'utf8') + readFileSync(queue.path, 'utf8');
  const numbers = moved
    .trim()
    .split('\n')
    .map((line) => Number(line.split(' ').at(-1)));
  expect(numbers).toEqual(range(numbers.length));
  unlinkSync(queue.path);
  await until(() => sizeOf(queue.path) > 0, 'a new file after the deletion');
  rmSync(rig.paths.logsDir, { recursive: true });
  await until(() => sizeOf(queue.path) > 0, 'a new directory');
  const before = lastOf(queue.path);
  await until(() => lastOf(queue.path) > before, 'it continues');
});

test('a second writer of the same project is refused', async () => {
  await rig.client.configure([rig.queue()]);
  const pid = await rig.writerPid();
  const entry = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    .split('\0')
    .find((arg) => arg.endsWith('.cjs'))!;
  expect(() => execFileSync(process.execPath, [entry, rig.paths.root], { stdio: 'pipe' })).toThrow(
    'another log writer serves this project',
  );
  expect(findWriter(rig.paths.root)).toBe(pid);
});

test('a writer that exits before it listens is reported at once, and another one is started', async () => {
  const other = new LogRig();
  const entry = join(other.paths.root, 'log-writer.cjs');
  const real = JSON.stringify(await writerEntry());
  writeFileSync(
    entry,
    `const fs = require('node:fs');
if (fs.existsSync(__dirname + '/tried')) require(${real});
else { fs.writeFileSync(__dirname + '/tried', ''); process.exit(7); }`,
  );
  await other.connect(Promise.resolve(entry));
  try {
    await until(() => other.events.length > 0, 'the first is said to have ended', 4_000); // well before the timeout
    expect(other.events[0]).toMatchObject({
      type: 'log_writer_failed',
      message: 'the log writer ended with exit code 7 before it listened',
    });
    await other.client.configure([other.queue()]); // by the second
    expect(other.events).toHaveLength(1);
  } finally {
    await other.close();
  }
});
