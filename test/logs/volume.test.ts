// Real processes, much of everything: writers, rotations, processes, bytes without a newline. Every line once and whole.
import { readFileSync, statSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listRotated } from '../../src/logs/rotation.ts';
import { body, endOf, numbered, range, readBack, tally } from './numbered.ts';
import { LogRig } from './rig.ts';

let rig: LogRig;
beforeEach(async () => {
  rig = await LogRig.open();
});
afterEach(() => rig.close());

test('64 writers, rotation and gzip, the writer stopped and continued: every line once, whole, in order', async () => {
  const queue = rig.queue({ rotate: { sizeBytes: 1 << 20, keep: 1000, compress: 'gzip', everyMs: 0, totalBytes: 0 } });
  await rig.client.configure([queue]);
  const names = range(64).map((index) => `w.${index + 1}`);
  await rig.attach(names);
  const pid = await rig.writerPid();
  const children = names.map((name) => numbered(rig, name, 4000));
  process.kill(pid, 'SIGSTOP');
  const began = performance.now();
  await rig.client.stats();
  await rig.client.endOfOutput('w.1', 150);
  expect(performance.now() - began).toBeLessThan(400);
  process.kill(pid, 'SIGCONT');
  await Promise.all(children.map(({ exited }) => exited));
  await endOf(rig, names);
  const { seen, torn } = tally((await readBack(queue.path)).map(({ line }) => line));
  expect(torn).toEqual([]);
  for (const name of names) expect(seen.get(name), name).toEqual(range(4000));
  expect(listRotated(queue.path).length).toBeGreaterThan(10);
});

test('1,000 rotations: nothing lost, doubled or torn', async () => {
  const queue = rig.queue({
    format: 'json',
    rotate: { sizeBytes: 4096, keep: 100_000, compress: 'none', everyMs: 0, totalBytes: 0 },
  });
  await rig.client.configure([queue]);
  await rig.attach(['a.1']);
  await numbered(rig, 'a.1', 30_000).exited;
  await endOf(rig, ['a.1']);
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
  await endOf(rig, names);
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
    await endOf(rig, [`${format}.1`]);
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
