// A program that prints a secret: what counts as its value, what its failure says, and that it never outlasts its limit.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSecretCommand } from '../../src/os/secrets/secret-command.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';
import { waitFor } from '../rig/wait-for.ts';

type Options = { timeoutMs?: number; signal?: AbortSignal; cwd?: string; hidden?: string[]; group?: string };

const shell = (line: string, { timeoutMs = 10_000, cwd = '/', hidden = [], group = 'sh', signal }: Options = {}) =>
  readSecretCommand({
    file: '/bin/sh',
    args: ['-c', line],
    cwd,
    env: { PATH: process.env.PATH! },
    timeoutMs,
    group,
    hidden,
    signal,
  });

test.each([
  ['echo hunter2', 'hunter2'],
  ["printf 'a\\nb\\n\\n'", 'a\nb\n'],
  ['printf " x "', ' x '],
  ['echo out; echo warning >&2', 'out'],
  ['head -c 131071 /dev/zero | tr "\\0" a', 'a'.repeat(131_071)],
])('%s', async (line, text) => {
  expect(await shell(line)).toEqual({ ok: true, text });
});

test.each([
  ['exit 3', 'EIO', 'exited with code 3'],
  ['echo no such item >&2; exit 1', 'EIO', 'exited with code 1: no such item'],
  ['kill -9 $$', 'EIO', 'was ended by SIGKILL'],
  ['true', 'ENODATA', 'printed nothing'],
  ['echo; echo wrong name >&2', 'ENODATA', 'printed nothing: wrong name'],
  ["printf 'a\\000b'", 'EINVAL', 'printed what no variable can hold: its output contains a NUL character'],
  ["printf '\\377'", 'EILSEQ', 'printed what no variable can hold: its output is not UTF-8 text'],
  ['head -c 200000 /dev/zero; sleep 60', 'E2BIG', 'printed more than a variable can hold'],
])('%s fails', async (line, errno, because) => {
  const result = await shell(line);
  expect(result).toMatchObject({ ok: false, errno });
  expect(!result.ok && result.because.startsWith(because)).toBe(true);
});

test('a program that cannot be started', async () => {
  const command = { args: [], cwd: '/', env: { PATH: '/bin' }, timeoutMs: 1000, group: 'x', hidden: [] };
  expect(await readSecretCommand({ ...command, file: 'no-such-program' })).toEqual({
    ok: false,
    errno: 'ENOENT',
    because: 'cannot be started: command not found: no-such-program (looked in PATH)',
  });
  expect(await readSecretCommand({ ...command, file: '/bin/sh', args: ['a\0b'] })).toMatchObject({ ok: false });
});

test('the reason of a failure has neither what it printed nor what it was given', async () => {
  const line = 'echo hunter2-value; echo "token hunter2-value and session-key refused" >&2; exit 1';
  expect(await shell(line, { hidden: ['session-key'] })).toMatchObject({
    because: 'exited with code 1: token *** and *** refused',
  });
});

test('at its time limit it is ended with everything that it started', async () => {
  const cwd = temporaryDirectory('secret');
  const result = await shell('sleep 61 & echo $! > child; sleep 61', { timeoutMs: 300, cwd });
  expect(result).toMatchObject({ ok: false, errno: 'ETIMEDOUT', because: 'has not ended within 0.3 s' });
  const child = readFileSync(join(cwd, 'child'), 'utf8').trim();
  await waitFor(
    'the child is gone',
    () => isAlive(Number(child)),
    (alive) => !alive,
  );
});

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false; // gone
  }
}

test('a process that it leaves behind does not hold up the start', async () => {
  const cwd = temporaryDirectory('secret');
  const started = performance.now();
  expect(await shell('sleep 5 & echo $! > child; echo value', { cwd })).toEqual({ ok: true, text: 'value' });
  expect(performance.now() - started).toBeLessThan(4000);
  process.kill(Number(readFileSync(join(cwd, 'child'), 'utf8')), 'SIGKILL');
});

test('at most four of a program run at a time, and one that is given up lets the next one run', async () => {
  const cwd = temporaryDirectory('secret');
  const line = (name: string) => `: > ${name}; while [ ! -e go ]; do sleep 0.02; done; echo ${name}`;
  const abort = new AbortController();
  const first = shell(line('a'), { cwd, signal: abort.signal });
  const others = ['b', 'c', 'd', 'e'].map((name) => shell(line(name), { cwd }));
  const given = new AbortController();
  const waiting = shell(line('f'), { cwd, signal: given.signal });
  const seen = (name: string) => existsSync(join(cwd, name));
  await waitFor('four run', () => ['a', 'b', 'c', 'd'].every(seen), Boolean);
  expect(seen('e')).toBe(false);
  expect(await shell('echo other', { group: 'another' })).toEqual({ ok: true, text: 'other' });
  given.abort();
  expect(await waiting).toMatchObject({ ok: false, errno: 'ECANCELED' });
  abort.abort();
  expect(await first).toMatchObject({ ok: false, errno: 'ECANCELED' });
  await waitFor('the fifth runs', () => seen('e'), Boolean);
  writeFileSync(join(cwd, 'go'), '');
  expect(await Promise.all(others)).toEqual(['b', 'c', 'd', 'e'].map((text) => ({ ok: true, text })));
  expect(seen('f')).toBe(false);
});
