// One log writer per project: a lock that the kernel frees with its holder, kill -9 included.
import { spawnSync } from 'node:child_process';
import { openSync } from 'node:fs';

/**
 * flock(1) locks the open file description that it inherits; ours keeps it for the life of this process. Where there is no
 * flock(1), the supervisor's own lock is all there is: it alone starts writers.
 * @returns false where another process holds it
 */
export function acquireWriterLock(path: string): boolean {
  const fd = openSync(path, 'a', 0o600);
  const { status, error } = spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
  return error !== undefined || status === 0;
}
