// The terminal holder passes signals on to its program, and to nobody who has the program's pid after it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { readStartTime } from '../../src/runtime/tree/identity.ts';
import { forward } from '../../src/runtime/tty/forward.ts';

test('to the group of the program, as long as the pid is its own', async () => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore', detached: true });
  const ended = once(child, 'exit');
  const program = { pid: child.pid!, startTime: readStartTime(child.pid!)! };
  forward({ ...program, startTime: '1' }, 'SIGKILL'); // the stranger that has the pid now
  forward(program, 'SIGUSR1');
  expect(await ended).toEqual([null, 'SIGUSR1']);
  expect(() => forward(program, 'SIGUSR1')).not.toThrow();
});
