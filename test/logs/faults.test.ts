// Real processes, real faults. Under `block` every complete line is stored once and in order; what may be lost when the
// writer itself is killed is bounded; what is dropped by policy is counted and marked.
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LogLine, readLogs } from '../../src/logs/reader.ts';
import { listRotated } from '../../src/logs/rotation.ts';
import { type Child, findWriter, LogRig, until } from './rig.ts';

let rig: LogRig;
beforeEach(async () => {
  rig = await LogRig.open();
});
afterEach(() => rig.close());

/** Numbered lines with a check figure; some straddle the 4 KiB writes of awk. */
const AWK =
  'BEGIN { for (n = 0; n < count; n++) printf "%s %d %d %s\\n", name, n, (n * 7919) % 1000003, substr(pad, 1, n % 90) }';
const PAD = 'abcdefghijklmnopqrstuvwxyz'.repeat(4);

function numbered(instance: string, count: number): Child {
  return rig.run(instance, 'awk', ['-v', `name=${instance}`, '-v', `count=${count}`, '-v', `pad=${PAD}`, AWK]);
}

type Tally = { seen: Map<string, number[]>; torn: string[] };

function tally(bodies: string[]): Tally {
  const seen = new Map<string, number[]>();
  const torn: string[] = [];
  for (const body of bodies) {
    const match = /^(\S+) (\d+) (\d+) ([a-z]*)$/.exec(body);
    const n = Number(match?.[2]);
    if (match === null || Number(match[3]) !== (n * 7919) % 1_000_003 || match[4] !== PAD.slice(0, n % 90))
      torn.push(body);
    else {
      const numbers = seen.get(match[1]!) ?? [];
      numbers.push(n);
      seen.set(match[1]!, numbers);
    }
  }
  return { seen, torn };
}

const body = (line: string) => line.split(' ').slice(3).join(' ');
const range = (count: number) => [...Array(count).keys()];

async function endOf(instances: string[]): Promise<void> {
  for (const instance of instances) await rig.client.endOfOutput(instance, 20_000);
}

async function readBack(path: string): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  const queues = [{ name: 'main', path, format: 'text' as const }];
  for await (const batch of readLogs({
    queues,
    instances: null,
    tail: null,
    sinceMs: null,
    untilMs: null,
    grep: null,
  })) {
    lines.push(...batch);
  }
  return lines;
}

test('64 writers, rotation and gzip, the writer stopped and continued: every line once, whole, in order', async () => {
  const queue = rig.queue({ rotate: { sizeBytes: 1 << 20, keep: 1000, compress: 'gzip', everyMs: 0, totalBytes: 0 } });
  await rig.client.configure([queue]);
  const names = range(64).map((index) => `w.${index + 1}`);
  await rig.attach(names);
  const pid = await rig.writerPid();
  const children = names.map((name) => numbered(name, 4000));
  process.kill(pid, 'SIGSTOP');
  const began = performance.now();
  await rig.client.stats();
  await rig.client.endOfOutput('w.1', 150);
  expect(performance.now() - began).toBeLessThan(400);
  process.kill(pid, 'SIGCONT');
  await Promise.all(children.map(({ exited }) => exited));
  await endOf(names);
  const { seen, torn } = tally((await readBack(queue.path)).map(({ line }) => line));
  expect(torn).toEqual([]);
  for (const name of names) expect(seen.get(name), name).toEqual(range(4000));
  expect(listRotated(queue.path).length).toBeGreaterThan(10);
});

test('the writer killed again and again: nothing doubled or torn, at most 64 KiB of a stream lost each time', async () => {
  const queue = rig.queue();
  await rig.client.configure([queue]);
  const names = ['a.1', 'b.1', 'c.1', 'd.1'];
  await rig.attach(names);
  const children = names.map((name) => numbered(name, 60_000));
  const kills = 4;
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
  await endOf(names);
  const isMark = (line: string) => /^… [\d,]+ lines? dropped$/.test(line);
  const { seen, torn } = tally(
    rig
      .lines(queue.path)
      .map(body)
      .filter((line) => !isMark(line)),
  );
  expect(torn).toEqual([]);
  for (const name of names) {
    const got = seen.get(name)!;
    expect(got).toEqual([...new Set(got)].sort((a, b) => a - b));
    const lostBytes = (60_000 - got.length) * 80;
    expect(lostBytes).toBeLessThanOrEqual(kills * 64 * 1024 * 1.2);
  }
});

test('the supervisor killed and back: the writer goes on, not a line is lost', async () => {
  const queue = rig.queue();
  await rig.client.configure([queue]);
  await rig.attach(['a.1', 'b.1']);
  const pid = await rig.writerPid();
  const children = [numbered('a.1', 50_000), numbered('b.1', 50_000)];
  rig.client.close();
  rig.releaseFifos();
  await until(() => sizeOf(queue.path) > 300_000, 'lines arrive without a supervisor');
  await rig.connect();
  await rig.client.configure([queue]);
  await rig.attach(['a.1', 'b.1']);
  await Promise.all(children.map(({ exited }) => exited));
  await endOf(['a.1', 'b.1']);
  expect(await rig.writerPid()).toBe(pid);
  const { seen, torn } = tally(rig.lines(queue.path).map(body));
  expect(torn).toEqual([]);
  expect([seen.get('a.1'), seen.get('b.1')]).toEqual([range(50_000), range(50_000)]);
});

const canMount = (() => {
  try {
    const probe = '/tmp/.orch-mount-probe';
    mkdirSync(probe, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe], { stdio: 'ignore' });
    execFileSync('umount', [probe]);
    return true;
  } catch {
    return false; // not root: no small disk to be had
  }
})();

test.runIf(canMount).each(['text', 'raw'] as const)(
  'disk full (%s): producers wait, it is said, and all goes on when there is room',
  async (format) => {
    const disk = join(rig.paths.root, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', disk]);
    try {
      const full = rig.queue({ name: 'full', path: join(disk, 'full.log'), format });
      const fine = rig.queue({ name: 'fine' });
      await rig.client.configure([full, fine]);
      await rig.attach(['a.1'], 'full');
      await rig.attach(['b.1'], 'fine');
      const child = numbered('a.1', 20_000);
      await until(() => rig.events.some(({ type }) => type === 'log_blocked'), 'the full disk is reported');
      const status = (await rig.client.stats()).find(({ name }) => name === 'full')!;
      expect(status.error).toContain('ENOSPC');
      expect(status.depthBytes).toBeLessThan(full.capacityBytes + 1024 * 1024);
      await numbered('b.1', 1000).exited;
      await rig.client.endOfOutput('b.1', 5000);
      expect(tally(rig.lines(fine.path).map(body)).seen.get('b.1')).toEqual(range(1000));
      expect(child.process.exitCode).toBe(null);
      execFileSync('mount', ['-o', 'remount,size=64m', disk]);
      await child.exited;
      await endOf(['a.1']);
      await until(() => rig.events.some(({ type }) => type === 'log_resumed'), 'that it goes on is reported');
      const lines = (await readBack(full.path)).map(({ line }) => line);
      const { seen, torn } = tally(lines);
      expect(torn).toEqual([]);
      expect(seen.get('a.1')).toEqual(range(20_000));
    } finally {
      await rig.client.shutdown(2000);
      execFileSync('umount', [disk]);
      await rig.connect();
    }
  },
);

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
  await until(() => lastOf(queue.path) > before, 'it goes on');
});

test('1,000 rotations: nothing lost, doubled or torn', async () => {
  const queue = rig.queue({
    format: 'json',
    rotate: { sizeBytes: 4096, keep: 100_000, compress: 'none', everyMs: 0, totalBytes: 0 },
  });
  await rig.client.configure([queue]);
  await rig.attach(['a.1']);
  await numbered('a.1', 30_000).exited;
  await endOf(['a.1']);
  expect(listRotated(queue.path).length).toBeGreaterThan(1000);
  expect(Math.max(...listRotated(queue.path).map(({ path }) => statSync(path).size))).toBeLessThanOrEqual(4096);
  const { seen, torn } = tally((await readBack(queue.path)).map(({ line }) => line));
  expect(torn).toEqual([]);
  expect(seen.get('a.1')).toEqual(range(30_000));
});

test('10,000 processes that print one line and end at once', async () => {
  const queue = rig.queue();
  await rig.client.configure([queue]);
  const names = range(10).map((index) => `w.${index + 1}`);
  await rig.attach(names);
  const loop = 'n=0; while [ $n -lt 1000 ]; do /bin/echo "$0 $n"; n=$((n+1)); done';
  const children = names.map((name) => rig.run(name, 'sh', ['-c', loop, name]));
  await Promise.all(children.map(({ exited }) => exited));
  await endOf(names);
  const lines = rig.lines(queue.path).map(body);
  for (const name of names)
    expect(lines.filter((line) => line.startsWith(`${name} `))).toEqual(range(1000).map((n) => `${name} ${n}`));
});

test('1 GiB without a newline: split, marked, in bounded memory', async () => {
  const queue = rig.queue({
    format: 'raw',
    rotate: { sizeBytes: 32 << 20, keep: 2, compress: 'none', everyMs: 0, totalBytes: 0 },
  });
  await rig.client.configure([queue]);
  await rig.attach(['a.1']);
  const pid = await rig.writerPid();
  await rig.run('a.1', 'head', ['-c', String(2 ** 30), '/dev/zero']).exited;
  await rig.client.endOfOutput('a.1', 30_000);
  const [status] = await rig.client.stats();
  expect(status).toMatchObject({ lines: 1024, droppedLines: 0 });
  expect(status!.bytes).toBe(2 ** 30 + 1023 * Buffer.byteLength(' … (line goes on)\n') + 1);
  expect(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1])).toBeLessThan(100 * 1024);
});

test('binary bytes come through raw and text as they are', async () => {
  const bytes = Buffer.concat([Buffer.from(range(256)), Buffer.from('\n\0\xff\xfe\r\n\n', 'latin1')]);
  for (const format of ['raw', 'text'] as const) {
    const queue = rig.queue({ name: format, format });
    await rig.client.configure([queue]);
    await rig.attach([`${format}.1`], format);
    await rig.node(`${format}.1`, `process.stdout.write(Buffer.from('${bytes.toString('hex')}', 'hex'))`).exited;
    await endOf([`${format}.1`]);
    const stored = readFileSync(queue.path, 'latin1');
    const prefix = format === 'text' ? /^\S{24} text\.1 o /gm : /^$x/g;
    expect(
      stored
        .split('\n')
        .map((line) => line.replace(prefix, ''))
        .join('\n'),
    ).toBe(bytes.toString('latin1'));
  }
});

test.each(['drop_newest', 'drop_oldest'] as const)(
  '%s on a disk that hangs: written = stored + reported, marked in place, others fed',
  async (overflow) => {
    // A file that hangs: a FIFO that nobody reads for a while.
    const path = join(rig.paths.root, 'hanging');
    execFileSync('mkfifo', [path]);
    const hold = openSync(path, 'r+');
    const queue = rig.queue({ path, overflow, capacityBytes: 256 * 1024 });
    await rig.client.configure([queue]);
    await rig.attach(['flood.1', 'quiet.1']);
    const flood = numbered('flood.1', 50_000);
    const quiet = rig.run('quiet.1', 'sh', [
      '-c',
      'for n in 1 2 3 4 5 6 7 8 9 10; do echo "line $n"; sleep 0.02; done',
    ]);
    await Promise.all([flood.exited, quiet.exited]);
    await rig.client.endOfOutput('flood.1', 300);
    await rig.client.endOfOutput('quiet.1', 300);
    const [before] = await rig.client.stats();
    expect(before!.droppedLines).toBeGreaterThan(10_000);
    expect(before!.droppedByInstance).toEqual({ 'flood.1': before!.droppedLines });
    expect(rig.events.some(({ type }) => type === 'log_dropped')).toBe(true);
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

test('a queue that feeds a FIFO: nothing is lost while its reader is away, and nobody else waits for it', async () => {
  const path = join(rig.paths.root, 'sink');
  execFileSync('mkfifo', [path]);
  const hold = openSync(path, 'r+');
  const rotate = { sizeBytes: 4096, keep: 5, compress: 'none' as const, everyMs: 0, totalBytes: 0 };
  const sink = rig.queue({ name: 'sink', path, format: 'raw', capacityBytes: 64 * 1024, rotate });
  await rig.client.configure([sink, rig.queue()]);
  await rig.attach(['a.1'], 'sink');
  await rig.attach(['b.1']);
  const child = numbered('a.1', 20_000);
  await until(async () => (await rig.client.stats())[0]!.depthBytes >= 64 * 1024, 'the sink is full');
  expect(child.process.exitCode).toBe(null);
  await numbered('b.1', 100).exited;
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

test('a device is never rotated away', async () => {
  const rotate = { sizeBytes: 4096, keep: 5, compress: 'gzip' as const, everyMs: 0, totalBytes: 0 };
  await rig.client.configure([rig.queue({ path: '/dev/null', rotate })]);
  await rig.attach(['a.1']);
  await numbered('a.1', 5000).exited;
  await endOf(['a.1']);
  expect(await rig.client.rotate([])).toEqual([]);
  expect((await rig.client.stats())[0]!.lines).toBe(5000);
  expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
});

test('rotation by time, also of a file that nobody writes to any more', async () => {
  const queue = rig.queue({ rotate: { sizeBytes: 0, keep: 5, compress: 'none', everyMs: 1500, totalBytes: 0 } });
  await rig.client.configure([queue]);
  await rig.attach(['a.1']);
  await numbered('a.1', 10).exited;
  await endOf(['a.1']);
  await until(() => listRotated(queue.path).length === 1, 'it is rotated');
  expect(existsSync(queue.path)).toBe(false);
});

test('a cap on the size of all rotated files', async () => {
  const queue = rig.queue({
    rotate: { sizeBytes: 50_000, keep: 100, compress: 'none', everyMs: 0, totalBytes: 200_000 },
  });
  await rig.client.configure([queue]);
  await rig.attach(['a.1']);
  await numbered('a.1', 20_000).exited;
  await endOf(['a.1']);
  const sizes = listRotated(queue.path).map(({ path }) => statSync(path).size);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(200_000);
  expect(sizes.length).toBeGreaterThan(1);
});

test('a queue changes its format and its path while it is written: no line is lost', async () => {
  const queue = rig.queue();
  await rig.client.configure([queue]);
  await rig.attach(['a.1']);
  const child = numbered('a.1', 100_000);
  const formats = ['raw', 'json', 'text', 'raw', 'text'] as const;
  for (const format of formats) {
    const { lines = 0 } = (await rig.client.stats())[0] ?? {};
    await until(async () => (await rig.client.stats())[0]!.lines > lines, 'it is written');
    await rig.client.configure([{ ...queue, format }]);
  }
  const other = join(rig.paths.root, 'elsewhere/other.log');
  await rig.client.configure([{ ...queue, path: other }]);
  await child.exited;
  await endOf(['a.1']);
  const lines = [...(await readBack(queue.path)), ...(await readBack(other))];
  const { seen, torn } = tally(lines.map(({ line }) => line));
  expect(torn).toEqual([]);
  expect(seen.get('a.1')).toEqual(range(100_000));
});

test('a second writer of the same project is refused', async () => {
  await rig.client.configure([rig.queue()]);
  const pid = await rig.writerPid();
  const entry = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    .split('\0')
    .find((arg) => arg.endsWith('.mjs'))!;
  expect(() => execFileSync(process.execPath, [entry, rig.paths.root], { stdio: 'pipe' })).toThrow(
    'another log writer serves this project',
  );
  expect(findWriter(rig.paths.root)).toBe(pid);
});

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
