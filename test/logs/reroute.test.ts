// A service moves to another queue while it writes: no line is lost, and the old queue is closed once all is written.
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { body, endOf, numbered, range, tally } from './numbered.ts';
import { LogRig, until } from './rig.ts';

let rig: LogRig;
beforeEach(async () => {
  rig = await LogRig.open();
});
afterEach(() => rig.close());

const names = async () => (await rig.client.stats()).map(({ name }) => name);

test('back and forth while it writes: every line once, whole, in one of the two', async () => {
  const [main, other] = [rig.queue(), rig.queue({ name: 'other', format: 'raw' })];
  await rig.client.configure([main, other]);
  await rig.attach(['a.1']);
  const child = numbered(rig, 'a.1', 200_000);
  for (let round = 0; round < 10; round += 1) {
    const bytes = async () => (await rig.client.stats()).reduce((sum, queue) => sum + queue.bytes, 0);
    const before = await bytes();
    await until(async () => child.process.exitCode !== null || (await bytes()) > before, 'it is written');
    await rig.attach(['a.1'], round % 2 === 0 ? 'other' : 'main');
  }
  await child.exited;
  await endOf(rig, ['a.1']);
  const { seen, torn } = tally([...rig.lines(main.path).map(body), ...rig.lines(other.path)]);
  expect(torn).toEqual([]);
  expect(seen.get('a.1')!.sort((a, b) => a - b)).toEqual(range(200_000));
  expect(rig.lines(other.path).length).toBeGreaterThan(0);
});

test('a removed queue is closed after its last producer, once everything is written', async () => {
  const path = join(rig.paths.root, 'slow');
  execFileSync('mkfifo', [path]);
  const hold = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  fill(hold);
  const old = rig.queue({ name: 'old', path, capacityBytes: 1024 * 1024 });
  await rig.client.configure([old, rig.queue()]);
  await rig.attach(['a.1'], 'old');
  const child = numbered(rig, 'a.1', 5000);
  await until(async () => (await rig.client.stats())[0]!.depthBytes > 0, 'the old queue holds lines');
  await rig.client.configure([rig.queue()]);
  await rig.attach(['a.1']);
  expect(await names()).toEqual(['old', 'main']);
  await child.exited; // what it had left to write goes to the other
  await endOf(rig, ['a.1'], 'main');
  const copy = join(rig.paths.root, 'copy');
  const linesOfCopy = () => rig.lines(copy).filter((line) => line !== '');
  const reader = rig.run('a.1', 'sh', ['-c', 'exec cat "$0" > "$1"', path, copy]);
  await until(async () => (await names()).join() === 'main', 'the old queue is closed');
  const main = rig.lines(rig.queue().path).map(body);
  await until(() => linesOfCopy().length + main.length === 5000, 'all of it was read');
  reader.process.kill('SIGKILL');
  closeSync(hold);
  expect(main.length).toBeGreaterThan(0);
  expect(tally([...linesOfCopy().map(body), ...main]).seen.get('a.1')).toEqual(range(5000));
});

/** Empty lines until the pipe takes no more: what comes next stays in the queue until a reader comes. */
function fill(fd: number): void {
  for (;;) {
    try {
      writeSync(fd, '\n'.repeat(4096));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      return;
    }
  }
}
