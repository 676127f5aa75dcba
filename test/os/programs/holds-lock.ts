// Takes the lock at argv[2] and says `held <pid of a detached child>`, or `lost <pid of the holder>`. A holder stays until
// its stdin ends.
import { spawn } from 'node:child_process';
import { acquireLock } from '../../../src/os/lock/lock.ts';

const [path = '', childMark = ''] = process.argv.slice(2);
const attempt = await acquireLock(path);
if ('heldBy' in attempt) {
  process.stdout.write(`lost ${attempt.heldBy?.pid ?? 'unknown'}\n`);
} else {
  const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore', env: { MARK: childMark } });
  child.unref();
  process.stdout.write(`held ${child.pid}\n`);
  process.stdin.resume();
}
