// Real process trees for the tests of os/, and the proof that none of them outlives its test. Looks for survivors
// with the rig's own reading of /proc, never with the code under test.

import { openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect } from 'vitest';
import type { Exit, Incarnation } from '../../src/core/slot.ts';
import { identify } from '../../src/os/process/identity.ts';
import { readStat } from '../../src/os/process/proc-stat.ts';
import { spawnInstance } from '../../src/os/spawn/spawn.ts';
import { findProcesses, killByIdentity, type LiveProcess } from '../rig/processes.ts';
import { waitFor } from '../rig/wait-for.ts';

export type Tree = {
  nonce: string;
  incarnation: Incarnation;
  /** Null while the main process lives. */
  exit(): Exit | null;
  /** Resolves when the main process was reaped. */
  ended: Promise<Exit>;
};

/** In the environment of everything started here, and in the arguments of those that clear theirs. */
export const mark = `rt-${process.pid}-${Math.random().toString(36).slice(2, 10)}`;
const nullDevice = openSync('/dev/null', 'r+');
let count = 0;
/** Pids that lead a session of this test. */
const sessions = new Set<number>();

export const program = (name: string): string => join(fileURLToPath(new URL('programs/', import.meta.url)), name);

/** @param command a list; `$MARK` in it stands for the mark */
export async function startTree(
  command: string[],
  env: Record<string, string> = {},
  inOwnCgroup = false,
): Promise<Tree> {
  const nonce = `${mark}-${++count}`;
  let exit: Exit | null = null;
  let announce: (exit: Exit) => void = () => undefined;
  const ended = new Promise<Exit>((resolve) => {
    announce = resolve;
  });
  const [file, ...args] = command.map((word) => word.replaceAll('$MARK', mark)) as [string, ...string[]];
  const environment = { PATH: process.env.PATH ?? '', ORCH_NONCE: nonce, MARK: mark, ...env };
  const streams = { stdin: 'ignore', stdout: nullDevice, stderr: nullDevice } as const;
  const result = await spawnInstance({ file, args, cwd: '/', env: environment, inOwnCgroup, ...streams }, (how) => {
    exit = how;
    announce(how);
  });
  if (!result.ok) throw new Error(result.detail);
  sessions.add(result.pid);
  return { nonce, incarnation: identify(result.pid, nonce) as Incarnation, exit: () => exit, ended };
}

/** Starts a shell line and waits until `size` processes of it live. */
export async function startShell(line: string, size: number, env: Record<string, string> = {}): Promise<Tree> {
  const tree = await startTree(['/bin/sh', '-c', line, mark], env);
  await treeSize(tree, (living) => living >= size);
  return tree;
}

/** Live processes of the tree as the rig sees them, found by the nonce in their environment. */
export const living = (tree: Tree) => findProcesses([`ORCH_NONCE=${tree.nonce}\0`]);

export const treeSize = (tree: Tree, holds: (size: number) => boolean) =>
  waitFor(`size of the tree ${tree.nonce}`, () => living(tree).length, holds);

/** Everything that bears our mark, those with a cleared environment included. */
export const marked = () => findProcesses([mark]);

afterEach(async () => {
  // A process that was killed needs a moment to be gone.
  const deadlineMs = performance.now() + 1000;
  while (leftOver().length > 0 && performance.now() < deadlineMs) await sleep(10);
  const left = leftOver();
  sessions.clear();
  for (const process of left) killByIdentity(process);
  expect(left.map(({ pid, command }) => `${pid} ${command}`)).toEqual([]);
});

/** A member that cleared its environment bears no mark: its session tells it. */
function leftOver(): LiveProcess[] {
  const inSessions = findProcesses(['']).filter(({ pid }) => sessions.has(readStat(pid)?.session ?? 0));
  return [...marked(), ...inSessions];
}
