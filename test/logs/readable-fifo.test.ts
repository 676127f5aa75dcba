// Both ways to wait for a FIFO: a light handle where Node's insides are known, a socket elsewhere.
import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ReadableFifo } from '../../src/logs/writer/readable-fifo.ts';

const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

const turn = () => new Promise((resolve) => setImmediate(resolve));
const until = (condition: () => boolean) => vi.waitFor(() => expect(condition()).toBe(true), { interval: 2 });

describe.each(['light', 'socket'])('%s', (way) => {
  const input = Buffer.alloc(65536);
  let readFifo: typeof import('../../src/logs/writer/readable-fifo.ts').readFifo;
  let dir: string;
  let pipe: Pipe;

  class Pipe {
    text = '';
    ends = 0;
    readonly fd: number;
    readonly writer: number;
    readonly fifo: ReadableFifo;

    constructor(name: string, onBytes: () => void = () => undefined) {
      const path = join(dir, name);
      execFileSync('mkfifo', [path]);
      this.fd = openSync(path, FLAGS);
      this.writer = openSync(path, 'w');
      this.fifo = readFifo(this.fd, input, {
        onBytes: (length) => {
          this.text += input.toString('latin1', 0, length);
          onBytes();
        },
        onEnd: () => {
          this.ends += 1;
        },
      });
    }

    write(text: string): void {
      writeSync(this.writer, text);
    }

    drain(): void {
      this.text += input.toString('latin1', 0, readSync(this.fd, input));
    }
  }

  beforeEach(async () => {
    vi.resetModules();
    vi.stubEnv('ORCH_LOG_FIFOS', way);
    ({ readFifo } = await import('../../src/logs/writer/readable-fifo.ts'));
    dir = mkdtempSync(join(tmpdir(), 'orch-fifo-'));
    new Pipe('first').fifo.close(); // the class of the handles is learnt from it
    pipe = new Pipe('second');
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(dir, { recursive: true });
  });

  test('has the class that the variable asks for', () => {
    expect(pipe.fifo.constructor.name).toBe(way === 'light' ? 'HandleFifo' : 'Object');
    pipe.fifo.close();
  });

  test('gives every byte, once', async () => {
    const lines = Array.from({ length: 500 }, (_, index) => `line ${index} ${'x'.repeat(index)}\n`);
    for (const line of lines) {
      pipe.write(line);
      await turn();
    }
    await until(() => pipe.text.length >= lines.join('').length);
    expect(pipe.text).toBe(lines.join(''));
    expect(pipe.ends).toBe(0);
    pipe.fifo.close();
  });

  test('stops when paused, continues when resumed', async () => {
    pipe.fifo.pause();
    pipe.write('later');
    for (let turns = 0; turns < 20; turns += 1) await turn();
    expect(pipe.text).toBe('');
    pipe.fifo.resume();
    await until(() => pipe.text === 'later');
    pipe.fifo.close();
  });

  test('an empty read after a drain is not the end', async () => {
    // Both are ready in one turn; whichever comes first drains the other.
    const others: Pipe[] = [];
    for (const name of ['a', 'b']) others.push(new Pipe(name, () => others.forEach(drainIfFull)));
    for (const other of others) other.write('x');
    await until(() => others.every(({ text }) => text.length > 0));
    for (let turns = 0; turns < 20; turns += 1) await turn();
    expect(others.map(({ ends }) => ends)).toEqual([0, 0]);
    for (const { fifo } of [pipe, ...others]) fifo.close();
  });

  test('reports the end when no process can write any more', async () => {
    pipe.write('last');
    closeSync(pipe.writer);
    await until(() => pipe.ends > 0);
    expect(pipe.text).toBe('last');
    for (let turns = 0; turns < 20; turns += 1) await turn();
    expect(pipe.ends).toBe(1);
    pipe.fifo.close();
  });

  test('closes its descriptor', async () => {
    pipe.fifo.close();
    await until(() => !existsSync(`/proc/self/fd/${pipe.fd}`));
  });

  function drainIfFull(other: Pipe): void {
    if (other.text === '') other.drain();
  }
});
