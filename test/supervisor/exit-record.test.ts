// The shell that writes down how a program ended: what it records is what a parent would have seen, in every shell here.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Exit } from '../../src/core/slot.ts';
import { ExitRecords, parseRecord } from '../../src/supervisor/instances/exit-records.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';

const directory = temporaryDirectory('exits');
const records = new ExitRecords(directory);
let count = 0;

/** Shells that a /bin/sh may be. */
const shells = ['dash', 'bash', 'busybox', 'ksh', 'mksh'].filter((shell) => {
  try {
    return execFileSync('sh', ['-c', `command -v ${shell}`]).length > 0;
  } catch {
    return false; // not installed here
  }
});

/** @param before done once the place for the record is there, and before the shell begins */
function start(
  shell: string,
  line: string,
  before = (): void => undefined,
): { child: ChildProcess; nonce: string; ended: Promise<string> } {
  const nonce = `n${count++}`;
  const program = { file: '/bin/sh', args: ['-c', line], cwd: directory, env: {} };
  const { args } = records.withRecorder(program, nonce);
  before();
  const applet = shell === 'busybox' ? ['sh'] : [];
  const child = spawn(shell, [...applet, ...args], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let printed = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (printed += chunk));
  return { child, nonce, ended: new Promise((resolve) => child.once('close', () => resolve(printed))) };
}

describe.each(shells)('%s', (shell) => {
  test.each<[string, Exit]>([
    ['exit 0', { code: 0 }],
    ['exit 7', { code: 7 }],
    ['exit 137', { code: 137 }],
    ['exit 255', { code: 255 }],
    ['kill -9 $$', { signal: 'SIGKILL' }],
    ['kill -TERM $$', { signal: 'SIGTERM' }],
    ['kill -SEGV $$', { signal: 'SIGSEGV' }],
    ['kill -INT $$', { signal: 'SIGINT' }],
    ['kill -PIPE $$', { signal: 'SIGPIPE' }],
  ])('`%s`', async (line, exit) => {
    const { nonce, ended } = start(shell, `echo said; echo cried >&2; ${line}`);
    expect((await ended).split('\n').sort().join(' ').trim()).toBe('cried said');
    expect(records.take(nonce)).toEqual(exit);
    expect(records.take(nonce)).toBeNull();
  });

  test('lives through the signal that stops the group, and tells what the program made of it', async () => {
    const { child, nonce, ended } = start(shell, 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done');
    await new Promise((resolve) => child.stdout!.once('data', resolve));
    process.kill(-child.pid!, 'SIGTERM');
    await ended;
    expect(records.take(nonce)).toEqual({ code: 5 });
  });

  test('says nothing when it is killed as well', async () => {
    const { child, nonce, ended } = start(shell, 'echo ready; exec sleep 1000');
    await new Promise((resolve) => child.stdout!.once('data', resolve));
    process.kill(-child.pid!, 'SIGKILL');
    await ended;
    expect(records.take(nonce)).toBeNull();
  });

  test('runs the program even if no record can be made', async () => {
    const remove = (): void => rmSync(join(directory, 'exits'), { recursive: true, force: true });
    const { nonce, ended } = start(shell, 'echo said', remove);
    expect(await ended).toBe('said\n');
    expect(records.take(nonce)).toBeNull();
  });
});

test.each(['', '=', '=12', '=x\n', '=256\n', '=999\n', '=-1\n', '=0\nmore'])(
  'a torn record %j tells nothing',
  (text) => {
    expect(parseRecord(text)).toBeNull();
  },
);
