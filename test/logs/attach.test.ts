// FIFOs that cannot be read, and the reports to the supervisor.
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeFifos } from '../../src/os/fifo.ts';
import { LogRig, until } from './rig.ts';

let rig: LogRig;
beforeEach(async () => {
  rig = await LogRig.open();
});
afterEach(() => rig.close());

test('an instance whose FIFO is gone is reported; the others are read', async () => {
  await rig.client.configure([rig.queue()]);
  const gone = join(rig.paths.fifoDir, 'gone');
  await rig.client.attach([{ instance: 'a.1', service: 'a', queue: 'main', outPath: gone, errPath: gone }]);
  await until(() => rig.events.some(({ type }) => type === 'log_unread'), 'it is reported');
  expect(rig.events[0]).toMatchObject({ instance: 'a.1', queue: 'main', message: expect.stringContaining('ENOENT') });
  await rig.attach(['b.1']);
  await rig.node('b.1', 'console.log("fine")').exited;
  await rig.client.endOfOutput('b.1', 2000);
  expect(rig.lines(rig.queue().path).length).toBe(1);
});

test('an unknown queue is reported by name', async () => {
  await rig.client.configure([rig.queue()]);
  await rig.attach(['a.1'], 'nope');
  await until(() => rig.events.length > 0, 'it is reported');
  expect(rig.events[0]!.message).toBe('cannot read the output of a.1: no such log queue: nope');
});

test('makeFifos replaces other files, keeps FIFOs, and gives access to the owner only', async () => {
  const path = join(rig.paths.fifoDir, 'x');
  mkdirSync(rig.paths.fifoDir, { recursive: true });
  writeFileSync(path, 'a file');
  await makeFifos([path, path]);
  const made = statSync(path);
  await makeFifos([path]);
  expect([made.isFIFO(), made.mode & 0o777, statSync(path).ino]).toEqual([true, 0o600, made.ino]);
});

test('makeFifos lets mkfifo(1) make what takes a slow file system longer than a moment', async () => {
  const paths = Array.from({ length: 8 }, (_, index) => join(rig.paths.fifoDir, `slow-${index}`));
  let nowMs = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 2));
  await makeFifos(paths).finally(() => clock.mockRestore());
  const made = paths.map((path) => statSync(path));
  expect(made.map((stat) => stat.isFIFO() && stat.mode & 0o777)).toEqual(paths.map(() => 0o600));
});
