// A file that can be written and not renamed: it is still written, the failure is reported once, and a rotation request is
// rejected.

import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LogQueueSpec } from '../../src/core/log-queue-spec.ts';
import { finishRotation, listRotated, rotateFile } from '../../src/logs/rotation.ts';
import { Producers } from '../../src/logs/writer/backpressure.ts';
import { QueueOutput } from '../../src/logs/writer/queue-output.ts';
import type { QueueReports } from '../../src/logs/writer/queue-reports.ts';
import { RotationAttempts } from '../../src/logs/writer/rotation-schedule.ts';
import { body, endOf, numbered, range, tally } from './numbered.ts';
import { LogRig } from './rig.ts';
import { canMount, mountSmallDisk, pinFile, unmount } from './small-disk.ts';

/** A name that is as long as names may be: with a stamp behind it, it is too long. */
const LONG_NAME = `${'n'.repeat(246)}.log`;
const rotate = { sizeBytes: 4096, keep: 5, compress: 'none' as const, everyMs: 0, totalBytes: 0 };

describe('with a real log writer', () => {
  let rig: LogRig;
  beforeEach(async () => {
    rig = await LogRig.open();
  });
  afterEach(() => rig.close());

  test.each(['block', 'drop_newest'] as const)('%s: no line is delayed or lost', async (overflow) => {
    const queue = rig.queue({ path: join(rig.paths.logsDir, LONG_NAME), overflow, rotate });
    await rig.client.configure([queue]);
    await rig.attach(['a.1']);
    await numbered(rig, 'a.1', 5000).exited;
    await endOf(rig, ['a.1']);
    const { seen, torn } = tally(rig.lines(queue.path).map(body));
    expect([torn, seen.get('a.1')]).toEqual([[], range(5000)]);
    expect(rig.events.map(({ type }) => type)).toEqual(['log_rotation_failed']);
    expect(rig.events[0]!.message).toContain('ENAMETOOLONG');
    const [status] = await rig.client.stats();
    expect(status).toMatchObject({ droppedLines: 0, error: expect.stringContaining('ENAMETOOLONG') });
    await expect(rig.client.rotate([])).rejects.toThrow('ENAMETOOLONG');
  });

  test.runIf(canMount)('once it can be renamed again, a request rotates it, and ps shows no error', async () => {
    const queue = rig.queue({ rotate });
    await rig.client.configure([queue]);
    await rig.attach(['a.1']);
    await rig.run('a.1', 'echo', ['first']).exited;
    await endOf(rig, ['a.1']);
    pinFile(queue.path);
    try {
      await numbered(rig, 'a.1', 1000).exited;
      await endOf(rig, ['a.1']);
      expect((await rig.client.stats())[0]!.error).toContain('EBUSY');
    } finally {
      unmount(queue.path);
    }
    expect(await rig.client.rotate([])).toHaveLength(1);
    expect((await rig.client.stats())[0]!.error).toBe(null);
    expect(rig.lines(queue.path)).toHaveLength(1001);
  });
});

describe('in one process', () => {
  let dir: string;
  let failures: string[];
  let output: QueueOutput;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'orch-rotation-'));
    failures = [];
  });
  afterEach(() => {
    output?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  function open(change: Partial<LogQueueSpec>): QueueOutput {
    const spec = { name: 'main', path: join(dir, 'main.log'), sink: null, format: 'text', rotate, ...change };
    const reports = {
      rotationFailed: (reason: string) => failures.push(reason),
      blocked: (reason: string) => failures.push(`blocked: ${reason}`),
      dropped: () => undefined,
      resumed: () => undefined,
    };
    output = new QueueOutput(
      { capacityBytes: 1 << 20, overflow: 'block', ...spec } as LogQueueSpec,
      new Producers(),
      reports as unknown as QueueReports,
      () => undefined,
    );
    return output;
  }

  const origin = { instance: 'a.1', service: 'a', stream: 'o' as const };
  const push = (text: string) => output.push({ origin, format: 'text', timeMs: 0, bytes: Buffer.from(text), lines: 1 });

  test('a request during the last write is refused, and the writer keeps running', async () => {
    open({ path: join(dir, LONG_NAME), overflow: 'drop_newest' });
    push('one\n');
    await expect(output.rotate()).rejects.toThrow('ENAMETOOLONG');
    push('two\n');
    await output.drained();
    expect(readFileSync(join(dir, LONG_NAME), 'utf8')).toBe('one\ntwo\n');
    expect([output.error, output.rotations.error, failures]).toEqual([null, null, []]);
  });

  test('by time: a failure is reported and does not pause producers', () => {
    open({ path: join(dir, LONG_NAME) });
    const line = Buffer.from('one\n');
    output.writeDirect(line, 0, line.length, 1, []);
    output.rotateOlder(Date.now() + 1000);
    expect(failures).toEqual([expect.stringContaining('ENAMETOOLONG')]);
    expect([output.takesMore(), output.isDirect()]).toEqual([true, true]);
  });

  test.runIf(canMount)(
    'asked for within a line that the disk does not take: refused when it still does not',
    async () => {
      const disk = join(dir, 'disk');
      mountSmallDisk(disk, '64k');
      try {
        open({ path: join(disk, 'main.log'), rotate: { ...rotate, sizeBytes: 0 } });
        const lines = Buffer.alloc(100_000, 'a');
        output.writeDirect(lines, 0, lines.length, 1, []);
        await expect(output.rotate()).rejects.toThrow('ENOSPC');
      } finally {
        output.close();
        unmount(disk);
      }
    },
  );

  test.runIf(canMount)('a raw file keeps its index, even if the writer was killed between the two renames', () => {
    const live = join(dir, 'main.log');
    writeFileSync(live, 'one\n');
    writeFileSync(`${live}.idx`, '');
    pinFile(live);
    try {
      expect(() => rotateFile(live, 1000)).toThrow('EBUSY');
      expect(readdirSync(dir).sort()).toEqual(['main.log', 'main.log.idx']);
      renameSync(`${live}.idx`, `${live}.20260301T120000000Z.idx`);
      finishRotation(live);
      expect(existsSync(`${live}.idx`)).toBe(true);
      expect(listRotated(live)).toEqual([]);
    } finally {
      unmount(live);
    }
  });

  test('a due rotation is retried after a minute, not at every write, and reported once', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const attempts = new RotationAttempts((message) => failures.push(message));
      const file = { sizeBytes: 4000, begunMs: 0 };
      const isDue = () => attempts.isDue(file, rotate, 100);
      const refuse = () => {
        throw new Error('EBUSY');
      };
      expect(isDue()).toBe(true);
      attempts.attempt(true, refuse);
      expect(isDue()).toBe(false);
      vi.advanceTimersByTime(60_000);
      expect(isDue()).toBe(true);
      attempts.attempt(true, refuse);
      expect([failures, attempts.error]).toEqual([['EBUSY'], 'EBUSY']);
      file.sizeBytes = 0; // another program made room
      expect([isDue(), attempts.error]).toEqual([false, null]);
      file.sizeBytes = 4000;
      attempts.attempt(true, () => 'main.log.1');
      expect([isDue(), attempts.error]).toEqual([true, null]);
    } finally {
      vi.useRealTimers();
    }
  });
});
