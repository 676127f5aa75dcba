// The terminal holder passes signals on to its program, and never to a later process with its pid.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { readStartTime } from '../../src/os/process/identity.ts';
import { forwardSignal } from '../../src/os/tty/pty.ts';

test('a signal goes to the group of the program, and only while the pid is its own', async () => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore', detached: true });
  const ended = once(child, 'exit');
  const program = { pid: child.pid!, startTime: readStartTime(child.pid!)! };
  forwardSignal({ ...program, startTime: '1' }, 'SIGKILL'); // another process with the pid
  forwardSignal(program, 'SIGUSR1');
  expect(await ended).toEqual([null, 'SIGUSR1']);
  expect(() => forwardSignal(program, 'SIGUSR1')).not.toThrow();
});
