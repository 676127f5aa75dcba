// How much slower than idle this machine is right now: deadlines of tests stretch by it, promises to users do not.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What a bare Node takes to start and end on an idle machine of the least kind that the tests are meant for. */
const BARE_NODE_MS = 80;

/** At least 1. */
export async function slowness(): Promise<number> {
  const sinceMs = performance.now();
  for (let n = 0; n < 3; n++) await promisify(execFile)(process.execPath, ['-e', '0']);
  return Math.max(1, (performance.now() - sinceMs) / 3 / BARE_NODE_MS);
}
