// Waiting until a process is gone: a live one, one that is gone, a zombie.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { untilGone } from '../../src/cli/up/supervisor-presence.ts';

test('the wait returns when the process ends, and not before', async () => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  let isGone = false;
  const gone = untilGone(child.pid!).then(() => {
    isGone = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 50)); // long enough to be wrong
  expect(isGone).toBe(false);
  child.kill('SIGKILL');
  await gone;
  await untilGone(child.pid!);
});

test.runIf(process.platform === 'linux')('a zombie is gone', async () => {
  // The shell starts a child, then becomes a program that never reaps it; the child exits.
  const parent = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [text] = (await once(parent.stdout, 'data')) as [Buffer];
  const startMs = performance.now();
  await untilGone(Number(text.toString()));
  expect(performance.now() - startMs).toBeLessThan(4000);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
});
