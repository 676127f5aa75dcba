// Compressing rotated files when the disk is full, the file is pruned, or an earlier writer's compressor is still at it.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pruneRotated } from '../../src/logs/rotation.ts';
import { gzipFile } from '../../src/logs/writer/gzip-file.ts';
import { sizeOf } from './numbered.ts';
import { type Child, LogRig, until, writerEntry } from './rig.ts';
import { canMount, mountSmallDisk, resizeDisk, unmount } from './small-disk.ts';

const STAMP = '20260301T120000000Z';

describe('one file', () => {
  let dir: string;
  let path: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'orch-gzip-'));
    path = join(dir, `main.log.${STAMP}`);
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  test('a file that was pruned while it waited is not compressed', async () => {
    await gzipFile(path);
    expect(readdirSync(dir)).toEqual([]);
  });

  test('a failed compression leaves no partial file', async () => {
    mkdirSync(path); // opens, and cannot be read
    await expect(gzipFile(path)).rejects.toThrow('EISDIR');
    expect(readdirSync(dir)).toEqual([basename(path)]);
  });

  test('two at once, one of them killed: the file is whole, plain or compressed', async () => {
    const bytes = randomBytes(16 << 20);
    writeFileSync(path, bytes);
    const first = await compressUntil(2 << 20);
    const second = await compressUntil(1);
    first.process.kill('SIGCONT');
    await first.exited;
    second.process.kill('SIGKILL');
    await second.exited;
    const isPlain = existsSync(path);
    const left = isPlain ? readFileSync(path) : gunzipSync(readFileSync(`${path}.gz`));
    expect(left.equals(bytes)).toBe(true);
    await gzipFile(path);
    expect(readdirSync(dir)).toEqual([`${basename(path)}.gz`]);
    expect(gunzipSync(readFileSync(`${path}.gz`)).equals(bytes)).toBe(true);
  });

  /** A second compressor, suspended once it has written `partialBytes`, or at its end. */
  async function compressUntil(partialBytes: number): Promise<Child> {
    const before = new Map(partials().map((name) => [name, sizeOf(join(dir, name))]));
    const child = spawn(process.execPath, [await writerEntry(), '--gzip', path], { stdio: 'ignore' });
    const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    const isFar = () =>
      partials().some((name) => {
        const size = sizeOf(join(dir, name));
        return size !== before.get(name) && size >= partialBytes;
      });
    await until(() => child.exitCode !== null || isFar(), 'it has compressed that part');
    child.kill('SIGSTOP');
    return { process: child, exited };
  }

  const partials = () => readdirSync(dir).filter((name) => name.endsWith('.tmp'));

  test('partial files of a killed compressor are deleted with the file', () => {
    writeFileSync(path, 'one\n');
    writeFileSync(`${path}.gz.0badcafe.tmp`, '');
    writeFileSync(`${path}.gz.tmp`, '');
    pruneRotated(join(dir, 'main.log'), 0, 0);
    expect(readdirSync(dir)).toEqual([]);
  });
});

describe('with a real log writer', () => {
  let rig: LogRig;
  beforeEach(async () => {
    rig = await LogRig.open();
  });
  afterEach(() => rig.close());
  const rotate = { sizeBytes: 0, keep: 5, compress: 'gzip' as const, everyMs: 0, totalBytes: 0 };

  test('partial files are deleted when it starts; foreign files stay', async () => {
    const queue = rig.queue({ rotate });
    mkdirSync(rig.paths.logsDir, { recursive: true });
    for (const name of [`${STAMP}.gz.tmp`, `${STAMP}.gz.0badcafe.tmp`, 'gz.tmp'])
      writeFileSync(`${queue.path}.${name}`, '');
    await rig.client.configure([queue]);
    expect(readdirSync(rig.paths.logsDir)).toEqual(['main.log.gz.tmp']);
  });

  test.runIf(canMount)('a disk too full to compress: retried after the next rotation', async () => {
    const disk = join(rig.paths.root, 'disk');
    mountSmallDisk(disk, '1m');
    try {
      const queue = rig.queue({ path: join(disk, 'main.log'), rotate });
      await rig.client.configure([queue]);
      await rig.attach(['a.1']);
      const noise = 'process.stdout.write(require("node:crypto").randomBytes(450_000).toString("base64") + "\\n")';
      await rotateAfter(rig, noise);
      await until(() => compressors(disk) === 0, 'it was tried');
      expect(readdirSync(disk).filter((name) => /gz|tmp/.test(name))).toEqual([]);
      resizeDisk(disk, '64m');
      await rotateAfter(rig, 'console.log("little")');
      await until(() => readdirSync(disk).filter((name) => name.endsWith('.gz')).length === 2, 'both are compressed');
    } finally {
      await rig.client.shutdown(2000);
      unmount(disk);
      await rig.connect();
    }
  });
});

/** The compressor runs when this resolves, or has run. */
async function rotateAfter(rig: LogRig, script: string): Promise<void> {
  await rig.node('a.1', script).exited;
  await rig.client.endOfOutput('a.1', 5000);
  expect(await rig.client.rotate([])).toHaveLength(1);
}

/** Processes that compress something in `dir`. */
function compressors(dir: string): number {
  const commands = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(commandLine);
  return commands.filter((line) => line.includes('--gzip') && line.includes(dir)).length;
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it ended meanwhile
  }
}
