// The log writer's side of queues that feed a service: they wait for it, hand over what they hold, and cost the others nothing.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { numbered, range, tally } from './numbered.ts';
import { LogRig, until } from './rig.ts';

let rig: LogRig;
const held: number[] = [];
beforeEach(async () => {
  rig = await LogRig.open();
});
afterEach(async () => {
  for (const fd of held.splice(0)) closeSync(fd);
  await rig.close();
});

/** A queue whose FIFO is there and kept, as by a supervisor. */
function sinkQueue(name: string) {
  const path = join(rig.paths.root, `${name}.in`);
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, 'r+');
  held.push(fd);
  const queue = rig.queue({ name, path, sink: 'reader', format: 'raw', capacityBytes: 64 * 1024 });
  return { queue, path, release: () => closeSync(held.splice(held.indexOf(fd), 1)[0]!) };
}

/** Copies its input until that ends, then says so. */
function reader(path: string) {
  const copy = join(rig.paths.root, 'copy');
  writeFileSync(copy, '');
  const child = rig.run('reader.1', 'sh', ['-c', 'exec cat <"$0" >"$1"', path, copy]);
  return { child, lines: () => readFileSync(copy, 'utf8').split('\n').slice(0, -1) };
}

test('lines wait until the service reads; at the end it gets all of them, then its input ends', async () => {
  const { queue, path, release } = sinkQueue('main');
  await rig.client.configure([queue, rig.queue({ name: 'other' })]);
  await rig.attach(['a.1']);
  await rig.attach(['reader.1'], 'other');
  const child = numbered(rig, 'a.1', 3000);
  await until(async () => (await rig.client.stats())[0]!.depthBytes > 0, 'lines wait');
  const { child: cat, lines } = reader(path);
  await rig.client.openSink('main', 'reader');
  await child.exited;
  await rig.client.closeSink('main', 'reader', 10_000);
  release();
  expect(await cat.exited).toBe(0);
  const { seen, torn } = tally(lines());
  expect([torn, seen.get('a.1')]).toEqual([[], range(3000)]);
});

test('more services that do not read than there are threads delay no other queue and no exit', async () => {
  const sinks = ['s1', 's2', 's3', 's4', 's5', 's6'].map((name) => sinkQueue(name));
  const file = rig.queue({ name: 'file', overflow: 'drop_newest' });
  await rig.client.configure([...sinks.map(({ queue }) => queue), file]);
  const children = [];
  for (const { queue } of sinks) {
    await rig.attach([`${queue.name}.1`], queue.name);
    await rig.client.openSink(queue.name, 'reader');
    children.push(numbered(rig, `${queue.name}.1`, 20_000));
  }
  await until(
    async () => (await rig.client.stats()).filter(({ depthBytes }) => depthBytes >= 32 * 1024).length === 6,
    'six are full',
  );
  await rig.attach(['b.1'], 'file');
  await numbered(rig, 'b.1', 500).exited;
  await until(() => rig.lines(file.path).length === 500, 'the file has all');
  const beganMs = performance.now();
  await rig.client.closeSink('s1', 'reader', 300);
  expect(performance.now() - beganMs).toBeLessThan(3000);
  const { path, release } = sinks[0]!;
  const fd = openSync(path, 'r');
  release();
  // No process has it open for writing: the pipe can be read up to its end.
  expect(readFileSync(fd).length).toBeGreaterThan(4096);
  closeSync(fd);
  for (const { process } of children) process.kill('SIGKILL');
  await rig.client.shutdown(500);
  const lost = rig.events.filter(({ type }) => type === 'log_undelivered').map(({ queue }) => queue);
  expect(lost.sort()).toEqual(['s1', 's2', 's3', 's4', 's5', 's6']);
});

test('a sink that was opened again is not closed by an earlier close', async () => {
  const { queue, path } = sinkQueue('main');
  await rig.client.configure([queue]);
  await rig.attach(['a.1']);
  await rig.client.openSink('main', 'reader');
  const child = numbered(rig, 'a.1', 20_000);
  await until(async () => (await rig.client.stats())[0]!.depthBytes >= 32 * 1024, 'it is full');
  const closing = rig.client.closeSink('main', 'reader', 200);
  await rig.client.openSink('main', 'reader');
  await closing;
  await rig.attach(['reader.1']);
  const { child: cat, lines } = reader(path);
  await child.exited;
  await until(() => lines().length === 20_000, 'all is read');
  cat.process.kill('SIGKILL');
  expect(tally(lines()).seen.get('a.1')).toEqual(range(20_000));
});
