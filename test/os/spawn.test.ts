// The start of an instance: what it inherits, how its exit is reported, and how a failed start is explained.

import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Exit } from '../../src/core/slot.ts';
import { isAlive } from '../../src/os/process/identity.ts';
import { readStat } from '../../src/os/process/proc-stat.ts';
import { posixSpawn } from '../../src/os/spawn/posix-spawn.ts';
import { type SpawnRequest, shellCommand, spawnInstance } from '../../src/os/spawn/spawn.ts';
import { killTree } from '../../src/os/tree/signal.ts';
import { sweepByNonce } from '../../src/os/tree/sweep.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';
import { bundle } from './bundle.ts';
import { mark, startShell, startTree } from './trees.ts';

const directory = temporaryDirectory('spawn');

const nullDevice = openSync('/dev/null', 'r+');
const request = (file: string, over: Partial<SpawnRequest> = {}): SpawnRequest => ({
  file,
  args: [],
  cwd: directory,
  env: { PATH: process.env.PATH ?? '', MARK: mark },
  stdin: 'ignore',
  stdout: nullDevice,
  stderr: nullDevice,
  ...over,
});

/** Signals 32 and 33 belong to threads; every program sets them again. */
const OF_THE_C_LIBRARY = 3n << 31n;

/** Runs to the end with stdout in a file. */
async function run(file: string, args: string[]): Promise<{ exit: Exit; output: string }> {
  const path = join(directory, 'output');
  const stdout = openSync(path, 'w');
  const exit = await new Promise<Exit>((resolve, reject) => {
    spawnInstance(request(file, { args, stdout }), resolve).then(
      (result) => result.ok || reject(result.detail),
      reject,
    );
  });
  return { exit, output: readFileSync(path, 'utf8') };
}

/** The library is loaded once in a process; the variable is asked at every start. */
describe.each(['posix_spawn', 'fork'])('by %s:', (way) => {
  beforeEach(() => void vi.stubEnv('ORCH_SPAWN', way));
  afterEach(() => void vi.unstubAllEnvs());

  test('this machine has that way', () => {
    expect(posixSpawn() === null ? 'fork' : 'posix_spawn').toBe(way);
  });

  describe('a started process', () => {
    test('leads a session and a group of its own', async () => {
      const tree = await startShell('sleep 1000', 1);
      const { pid } = tree.incarnation;
      expect(readStat(pid)).toMatchObject({ pid, pgid: pid, session: pid });
      process.kill(-pid, 'SIGKILL');
      await tree.ended;
    });

    test('has no descriptor but 0, 1 and 2, whatever its supervisor was started with', () => {
      const gap = Array.from({ length: 37 }, () => 'ignore' as const);
      const text = execFileSync(process.execPath, [bundle('lists-descriptors')], {
        stdio: ['ignore', 'pipe', 'inherit', ...gap, nullDevice],
      });
      expect(JSON.parse(text.toString())).toEqual({ closed: expect.arrayContaining([40]), ofChild: [0, 1, 2] });
    });

    test('has further descriptors from 3 on, in their order', async () => {
      const files = ['first', 'second', 'third'].map((text) => {
        writeFileSync(join(directory, text), text);
        return openSync(join(directory, text), 'r');
      });
      const stdout = openSync(join(directory, 'output'), 'w');
      await new Promise<Exit>((resolve, reject) => {
        const args = ['-c', 'cat <&5; cat <&3; cat <&4; cat <&6'];
        const started = spawnInstance(request('sh', { args, stdout, extraFds: files }), resolve);
        started.then((result) => result.ok || reject(result));
      });
      expect(readFileSync(join(directory, 'output'), 'utf8')).toBe('thirdfirstsecond');
      for (const fd of [...files, stdout]) closeSync(fd);
    });

    test('has exactly the environment it was given', async () => {
      const { output } = await run('env', []);
      expect(output.trim().split('\n').sort()).toEqual([`MARK=${mark}`, `PATH=${process.env.PATH}`]);
    });

    test.each([
      ['exit 0', { code: 0 }],
      ['exit 7', { code: 7 }],
      ['kill -9 $$', { signal: 'SIGKILL' }],
      ['kill -SEGV $$', { signal: 'SIGSEGV' }],
      ['exit 137', { code: 137 }],
    ])('that ends by `%s` is reported so', async (line, exit) => {
      expect((await run('/bin/sh', ['-c', line])).exit).toEqual(exit);
    });

    test('does not ignore or block a signal, although we ignore SIGPIPE', async () => {
      const { output } = await run('/bin/sh', ['-c', 'grep -E "^Sig(Blk|Ign)" /proc/self/status']);
      const [blocked, ignored] = [...output.matchAll(/:\s*(\w+)/g)].map(([, mask]) => BigInt(`0x${mask}`));
      expect(blocked).toBe(0n);
      expect(ignored! & ~OF_THE_C_LIBRARY).toBe(0n);
    });

    test('is found along the PATH of its environment, and runs in its directory', async () => {
      writeFileSync(join(directory, 'only-here'), '#!/bin/sh\npwd\n', { mode: 0o755 });
      const output = join(directory, 'output');
      const over = { env: { PATH: `/usr/bin:/bin:${directory}` }, stdout: openSync(output, 'w'), cwd: tmpdir() };
      const exit = await new Promise<Exit>((resolve) => void spawnInstance(request('only-here', over), resolve));
      expect([exit, readFileSync(output, 'utf8')]).toEqual([{ code: 0 }, `${tmpdir()}\n`]);
    });

    test('reads a descriptor as its stdin', async () => {
      writeFileSync(join(directory, 'input'), 'typed before\n');
      const output = join(directory, 'output');
      const over = { stdin: openSync(join(directory, 'input'), 'r'), stdout: openSync(output, 'w') };
      await new Promise<Exit>((resolve) => void spawnInstance(request('cat', over), resolve));
      expect(readFileSync(output, 'utf8')).toBe('typed before\n');
    });

    test('one of many, among children of Node: every exit is reported once, with its own code', async () => {
      const told: number[] = [];
      const ends = Array.from({ length: 150 }, (_, index) => {
        const nodes = new Promise<number>((resolve) => {
          spawn('/bin/sh', ['-c', `exit ${index}`]).once('exit', (code) => resolve(code ?? -1));
        });
        const ours = new Promise<number>((resolve) => {
          const onExit = (exit: Exit) => {
            told.push(index);
            resolve((exit as { code: number }).code);
          };
          void spawnInstance(request('/bin/sh', { args: ['-c', `exit ${index}`] }), onExit);
        });
        return Promise.all([nodes, ours]);
      });
      expect(await Promise.all(ends)).toEqual(ends.map((_, index) => [index, index]));
      expect(told.sort((a, b) => a - b)).toEqual(ends.map((_, index) => index));
    }, 30_000);

    test('that exits at once still has an identity', async () => {
      const tree = await startTree(['/bin/true']);
      expect(tree.incarnation.startTime).toMatch(/^\d+$/);
      expect(await tree.ended).toEqual({ code: 0 });
    });
  });

  describe('a command line', () => {
    test('is run by the shell', async () => {
      const { file, args } = shellCommand('echo "$MARK" | tr a-z A-Z');
      expect((await run(file, args)).output).toBe(`${mark.toUpperCase()}\n`);
    });

    test('is run by cmd on Windows', () => {
      expect(shellCommand('dir', 'win32').args).toEqual(['/d', '/s', '/c', 'dir']);
      expect(shellCommand('ls', 'darwin')).toEqual({ file: '/bin/sh', args: ['-c', 'ls'] });
    });
  });

  describe('a failed start', () => {
    const script = (name: string, text: string | Buffer, mode = 0o755) => {
      writeFileSync(join(directory, name), text);
      chmodSync(join(directory, name), mode);
      return join(directory, name);
    };

    test.each<[name: string, over: () => Partial<SpawnRequest>, errno: string, detail: RegExp]>([
      ['missing', () => ({ file: 'nod' }), 'ENOENT', /^command not found: nod \(looked in PATH\)$/],
      [
        'missing, but here',
        () => ({ file: script('serve', '#!/bin/sh\n').replace(`${directory}/`, '') }),
        'ENOENT',
        /^command not found: serve \(looked in PATH\); .*\/serve exists: write \.\/serve$/,
      ],
      ['missing path', () => ({ file: './no' }), 'ENOENT', /^command not found: \.\/no \(looked at .*\/no\)$/],
      ['directory', () => ({ file: directory }), 'EACCES', /^the command is a directory: /],
      [
        'not executable',
        () => ({ file: script('plain', 'x', 0o644) }),
        'EACCES',
        /not executable: .* \(chmod \+x .*\)$/,
      ],
      [
        'bad #! line',
        () => ({ file: script('bang', '#!/no/such/interpreter -x\n') }),
        'ENOENT',
        /^the interpreter in the first line of .*bang cannot be run: \/no\/such\/interpreter -x$/,
      ],
      ['missing cwd', () => ({ cwd: join(directory, 'no') }), 'ENOENT', /^the working directory does not exist: .*no$/],
      ['cwd is a file', () => ({ cwd: script('file', '') }), 'ENOTDIR', /^the working directory is not a directory: /],
      [
        'too large',
        () => ({ env: { BIG: 'x'.repeat(3 << 20) } }),
        'E2BIG',
        /too large \(3\.0 MiB\); pass the bulk in a file$/,
      ],
      ['NUL', () => ({ args: ['a\0b'] }), 'ERR_INVALID_ARG_VALUE', /^a NUL character in the command/],
    ])('says why: %s', async (_name, over, errno, detail) => {
      const result = await spawnInstance(request('/bin/true', over()), () => expect.unreachable('it never started'));
      expect(result).toMatchObject({ ok: false, errno, transient: false });
      expect(result.ok ? '' : result.detail).toMatch(detail);
    });

    test('for lack of descriptors is transient, and no live process counts as dead meanwhile', async () => {
      const tree = await startShell('setsid sleep 1000 & exec sleep 1000', 2);
      const { result, alive, swept } = await withoutDescriptors(async () => ({
        result: await spawnInstance(request('/bin/true'), () => undefined),
        alive: isAlive(tree.incarnation),
        swept: (await sweepByNonce([tree.nonce])).get(tree.nonce)?.length,
      }));
      // posix_spawn needs none.
      expect(result).toMatchObject(way === 'fork' ? { ok: false, errno: 'EMFILE', transient: true } : { ok: true });
      expect({ alive, swept }).toEqual({ alive: true, swept: 2 });
      await killTree({ incarnation: tree.incarnation, isOurChild: true }, { withinMs: 3000 });
      await tree.ended;
    });
  });
});

/** Runs `work` when not one more file can be opened. */
async function withoutDescriptors<T>(work: () => Promise<T>): Promise<T> {
  const limit = (soft: string) => execFileSync('prlimit', [`--pid=${process.pid}`, `--nofile=${soft}:`]);
  const before = execFileSync('sh', ['-c', 'ulimit -n']).toString().trim();
  const open: number[] = [];
  limit('100');
  try {
    for (;;) open.push(openSync('/dev/null', 'r'));
  } catch {
    // EMFILE: that is what we came for
    return await work();
  } finally {
    for (const fd of open) closeSync(fd);
    limit(before);
  }
}
