// The state file: always old or new, however its writer is killed and however full the disk is.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readStateFile, StateFile } from '../../src/os/state-file.ts';
import { waitFor } from '../rig/wait-for.ts';
import { bundle } from './bundle.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orch-state-'));
  path = join(directory, 'state.json');
});
afterEach(() => rmSync(directory, { recursive: true }));

const savesForEver = bundle('saves-for-ever');
const savesToFullDisk = bundle('saves-to-full-disk');
const mayMount = (() => {
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // needs root, or a kernel that lets users have namespaces
  }
})();

describe('reading', () => {
  test('returns the text, or that the file is missing', async () => {
    expect(await readStateFile(path)).toEqual({ missing: true });
    writeFileSync(path, '{"é":1}');
    expect(await readStateFile(path)).toEqual({ text: '{"é":1}' });
  });

  test.each<[name: string, make: () => void, error: RegExp]>([
    ['a link', () => symlinkSync('/etc/hostname', path), /is a symbolic link; orch follows none/],
    ['a directory', () => mkdirSync(path), /is not a regular file$/],
    ['a FIFO', () => execFileSync('mkfifo', [path]), /is not a regular file$/],
  ])('refuses %s', async (_name, make, error) => {
    make();
    expect(await readStateFile(path)).toEqual({ error: expect.stringMatching(error) });
  });
});

describe('saving', () => {
  test('replaces the file, with mode 0600', async () => {
    const file = new StateFile(path);
    await file.save('1');
    const { ino } = statSync(path);
    await file.save('2');
    expect(readFileSync(path, 'utf8')).toBe('2');
    expect(statSync(path).ino).not.toBe(ino);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(['state.json']);
  });

  test('of many texts at once writes the latest and resolves all', async () => {
    const file = new StateFile(path);
    const saves = Array.from({ length: 100 }, (_, index) => file.save(String(index)));
    await saves[0];
    const atFirst = Number(readFileSync(path, 'utf8'));
    await Promise.all(saves);
    expect(atFirst).toBeGreaterThanOrEqual(0);
    expect(readFileSync(path, 'utf8')).toBe('99');
  });

  test('that fails rejects, leaves nothing behind, and does not affect the next', async () => {
    const file = new StateFile(path);
    await file.save('old');
    mkdirSync(join(directory, '.state.json.tmp'));
    await expect(file.save('new')).rejects.toThrow(/EISDIR/);
    expect(readFileSync(path, 'utf8')).toBe('old');
    rmSync(join(directory, '.state.json.tmp'), { recursive: true });
    await file.save('newer');
    expect(readFileSync(path, 'utf8')).toBe('newer');
  });

  test('does not follow a link in the place of its draft', async () => {
    writeFileSync(join(directory, 'canary'), 'untouched');
    symlinkSync(join(directory, 'canary'), join(directory, '.state.json.tmp'));
    await expect(new StateFile(path).save('x')).rejects.toThrow(/ELOOP/);
    expect(readFileSync(join(directory, 'canary'), 'utf8')).toBe('untouched');
  });

  test('over a link replaces the link, not its target', async () => {
    writeFileSync(join(directory, 'canary'), 'untouched');
    symlinkSync(join(directory, 'canary'), path);
    await new StateFile(path).save('mine');
    expect(readFileSync(join(directory, 'canary'), 'utf8')).toBe('untouched');
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  test('killed at any moment leaves a whole file, never older than the last durable one', async () => {
    for (let round = 0; round < 8; round++) {
      const child = spawn(process.execPath, [savesForEver, path, String(round * 1000)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let text = '';
      child.stdout.on('data', (chunk) => {
        text += chunk;
      });
      await waitFor(
        'some saves',
        () => text.split('\n').length,
        (lines) => lines > 4 + round,
      );
      const ended = once(child, 'close');
      child.kill('SIGKILL');
      await ended;
      const state = JSON.parse(readFileSync(path, 'utf8')) as { number: number; end: number };
      expect(state.end).toBe(state.number);
      expect(state.number).toBeGreaterThanOrEqual(Number(text.trim().split('\n').at(-1)));
    }
  });

  test.skipIf(!mayMount)('to a full disk keeps the old file, removes its draft, and works again later', () => {
    const text = execFileSync('unshare', ['-m', process.execPath, savesToFullDisk, directory]).toString();
    expect(JSON.parse(text)).toEqual({
      failed: 'ENOSPC',
      intact: true,
      files: ['ballast', 'state.json'],
      recovered: true,
    });
  });

  test.skipIf(process.getuid?.() === 0)('to a directory that we may not write', async () => {
    chmodSync(directory, 0o500);
    await expect(new StateFile(path).save('x')).rejects.toThrow(/EACCES/);
    chmodSync(directory, 0o700);
  });
});
