// Which processes count as orch's own, and may be moved within our cgroup.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { isOwnProcess } from '../../src/os/process/own-process.ts';
import { readStat } from '../../src/os/process/proc-stat.ts';
import { waitFor } from '../rig/wait-for.ts';

const PREFIX = '0123456789ab.';
const directory = realpathSync(mkdtempSync(join(tmpdir(), 'orch-own-')));
const dist = join(directory, 'dist');
mkdirSync(dist);
const ENDLESS = 'setInterval(() => {}, 1e6);';
for (const name of ['dist/supervisor.cjs', 'dist/log-writer.js', 'other.cjs'])
  writeFileSync(join(directory, name), ENDLESS);
symlinkSync(join(dist, 'log-writer.js'), join(directory, 'orch'));

const ownership = { noncePrefix: PREFIX, entry: join(dist, 'supervisor.cjs') };
const started: number[] = [];
afterEach(() => {
  for (const pid of started.splice(0)) process.kill(pid, 'SIGKILL');
});
afterAll(() => rmSync(directory, { recursive: true }));

/** @returns the pid of a process whose parent is gone. */
async function orphan(command: string, env: Record<string, string> = {}): Promise<number> {
  const shell = spawn('/bin/sh', ['-c', `${command} >/dev/null 2>&1 & echo $!`], {
    cwd: directory,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  shell.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await once(shell, 'close');
  const pid = Number(said);
  started.push(pid);
  const program = command.split(' ')[0]!.split('/').at(-1)!.slice(0, 15);
  await waitFor(
    `${program} runs`,
    () => readStat(pid),
    (stat) => stat !== null && stat.ppid !== shell.pid && stat.comm !== 'sh',
  );
  return pid;
}

const node = process.execPath;
test.each<[whose: string, command: string, env: Record<string, string>, own: boolean]>([
  ['an unrelated process', 'sleep 1000', {}, false],
  ['a member of the project', 'sleep 1000', { ORCH_NONCE: `${PREFIX}c0ffee.x` }, true],
  ['a member of another project', 'sleep 1000', { ORCH_NONCE: 'ba9876543210.c0ffee.x' }, false],
  ['a log writer of an earlier supervisor', `${node} --max-semi-space-size=2 dist/log-writer.js /root`, {}, true],
  ['a command of orch, by a link', `${node} orch up`, {}, true],
  ['another Node program', `${node} other.cjs dist/log-writer.js`, {}, false],
  ['a process that reads our program', 'tail -f dist/log-writer.js', {}, false],
])('%s', async (_whose, command, env, own) => {
  expect(isOwnProcess(await orphan(command, env), ownership)).toBe(own);
});

test('our own process and its descendants are, whatever they run', () => {
  expect(isOwnProcess(process.pid, ownership)).toBe(true);
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  started.push(child.pid!);
  expect(isOwnProcess(child.pid!, ownership)).toBe(true);
});

test('a process that is gone, or another one of the system, is not', () => {
  expect(isOwnProcess(2 ** 22 + 1, ownership)).toBe(false);
  expect(isOwnProcess(process.ppid, ownership)).toBe(false);
});
