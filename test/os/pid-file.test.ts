// Pid files: the program that one names is found and ended with its tree, an unrelated process never.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { programOf, readPidFile, removePidFile, writePidFile } from '../../src/os/singleton/pid-file.ts';
import { findProcesses, isAlive, killByIdentity, type LiveProcess, readStat } from '../rig/processes.ts';
import { waitFor } from '../rig/wait-for.ts';
import { claim, mustLease, place } from './claims.ts';
import { mark, program, startShell } from './trees.ts';

const bot = program('writes-pid-file.mjs');
const command = ['node', bot];
let path: string;
const started: ChildProcess[] = [];
beforeEach(() => {
  path = join(place.directory, 'bot_pid.txt');
});
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  for (const worker of botProcesses()) killByIdentity(worker);
});

const botProcesses = () => findProcesses([mark]).filter((found) => found.command.includes(mark));

/** The old bot, started by hand: not by orch, ignoring SIGTERM, with a worker in another session. */
async function startBot(): Promise<{ pid: number; whole: LiveProcess[] }> {
  const child = spawn(process.execPath, [bot, path, mark], { stdio: 'ignore' });
  started.push(child);
  await waitFor(
    'its pid file',
    () => readOr(''),
    (text) => text === `${child.pid}\n`,
  );
  return {
    pid: child.pid as number,
    whole: await waitFor('bot and worker', botProcesses, (found) => found.length === 2),
  };
}

const readOr = (fallback: string) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return fallback; // not written yet
  }
};

describe('a pid file', () => {
  test('names its writer', async () => {
    const { pid } = await startBot();
    expect(readPidFile(path, command)).toMatchObject({
      kind: 'holder',
      process: { pid, startTime: readStat(pid)?.startTime },
    });
  });

  test('does not name a process that runs another program', async () => {
    const { pid } = await startBot();
    const why = expect.stringMatching(
      new RegExp(`names pid ${pid}, which runs .*writes-pid-file.*, not other-bot.py$`),
    );
    expect(readPidFile(path, ['python3', 'other-bot.py'])).toEqual({ kind: 'none', why });
  });

  test('older than the process names none: the pid was reused', async () => {
    await startBot();
    utimesSync(path, Date.now() / 1000 - 60, Date.now() / 1000 - 60);
    expect(readPidFile(path, command)).toEqual({
      kind: 'none',
      why: expect.stringMatching(/the pid was reused$/),
    });
  });

  test.each<[name: string, make: () => void, why: RegExp]>([
    ['missing', () => undefined, / does not exist$/],
    ['empty', () => writeFileSync(path, ''), /holds no pid$/],
    ['words', () => writeFileSync(path, 'pid: 42'), /holds no pid$/],
    ['a group', () => writeFileSync(path, '-42'), /holds no pid$/],
    ['zero', () => writeFileSync(path, '0'), /holds no pid$/],
    ['init', () => writeFileSync(path, '1\n'), /names pid 1, which is not running$/],
    ['ourselves', () => writeFileSync(path, `${process.pid}\n`), /which is not running$/],
    ['the dead', () => writeFileSync(path, '4194304\n'), /names pid 4194304, which is not running$/],
    ['a link', () => symlinkSync('/proc/self/stat', path), /cannot be read \(ELOOP\)$/],
    ['a directory', () => mkdirSync(path), /is not a regular file$/],
    ['a FIFO', () => execFileSync('mkfifo', [path]), /is not a regular file$/],
  ])('that is or names %s names no process', (_name, make, why) => {
    make();
    expect(readPidFile(path, command)).toEqual({ kind: 'none', why: expect.stringMatching(why) });
  });

  test('is written at once, readable by all, and removed while it is ours', async () => {
    await writePidFile(path, 42);
    expect(readFileSync(path, 'utf8')).toBe('42\n');
    expect(statSync(path).mode & 0o777).toBe(0o644);
    expect(readdirSync(place.directory).filter((name) => name.includes('pid'))).toEqual(['bot_pid.txt']);
    removePidFile(path, 43);
    expect(readFileSync(path, 'utf8')).toBe('42\n');
    removePidFile(path, 42);
    expect(readPidFile(path, command)).toMatchObject({ why: expect.stringMatching(/ does not exist$/) });
  });
});

describe('a singleton with a pid file', () => {
  const pidFile = () => ({ path, command });

  test('replaces what the file names, with its tree, and writes its own pid', async () => {
    const { whole } = await startBot();
    const lease = await mustLease({ pidFile: pidFile(), graceMs: 200 });
    expect(whole.filter(isAlive)).toEqual([]);
    const tree = await startShell('exec sleep 1000', 1);
    await lease.commit(tree.incarnation);
    expect(readFileSync(path, 'utf8')).toBe(`${tree.incarnation.pid}\n`);
    process.kill(tree.incarnation.pid, 'SIGKILL');
    await tree.ended;
    lease.release();
    expect(readOr('gone')).toBe('gone');
  });

  test.each([
    ['refuse', 'refused'],
    ['wait', 'waiting'],
  ] as const)('under %s names it and leaves it alone', async (onConflict, code) => {
    const { pid, whole } = await startBot();
    const result = await claim({ pidFile: pidFile(), onConflict });
    expect(result).toMatchObject({ ok: false, code, heldBy: { process: { pid } } });
    expect(result).toHaveProperty(
      'reason',
      expect.stringMatching(/is held by pid \d+ \(.*\), named by .*bot_pid\.txt$/),
    );
    expect(whole.filter(isAlive)).toHaveLength(2);
  });

  test('under adopt returns it', async () => {
    const { pid } = await startBot();
    expect(await claim({ pidFile: pidFile(), onConflict: 'adopt' })).toMatchObject({ ok: true, adopt: { pid } });
  });

  test('does not harm an unrelated process that a stale file names', async () => {
    const { whole } = await startBot();
    const other = ['python3', 'feishu_bot.py'];
    (await mustLease({ pidFile: { path, command: other }, graceMs: 50 })).abandon();
    expect(whole.filter(isAlive)).toHaveLength(2);
  });
});

test.each<[command: string[], program: string | null]>([
  [['node', 'server.js'], 'server.js'],
  [['/usr/bin/python3.11', '-u', '/srv/bot.py', '--port', '1'], 'bot.py'],
  [['./bin/server'], 'server'],
  [['env', 'A=1', 'ruby', 'app.rb'], 'app.rb'],
  [['python', '-m', 'http.server'], 'http.server'],
  [['uv', 'run', 'bot.py'], 'bot.py'],
  [['exec python3 bot.py >> log 2>&1'], 'bot.py'],
  [["FOO=1 node 'my-app.js'"], 'my-app.js'],
  [['sh'], null],
])('%j is recognised by %s', (words, name) => {
  expect(programOf(words)).toBe(name);
});
