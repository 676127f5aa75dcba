// Takes the record lock at argv[2] again and again for argv[3] ms; each time it proves by an O_EXCL file that it is alone.
// Prints {taken, overlaps}.
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { acquireRecordLock } from '../../../src/os/lock/record-lock.ts';

const [path = '', durationMs = '0'] = process.argv.slice(2);
const endMs = performance.now() + Number(durationMs);
let taken = 0;
let overlaps = 0;
while (performance.now() < endMs) {
  const attempt = acquireRecordLock(path);
  if ('heldBy' in attempt) {
    await sleep(1);
    continue;
  }
  taken++;
  try {
    closeSync(openSync(`${path}-alone`, 'wx'));
    await sleep(1);
    unlinkSync(`${path}-alone`);
  } catch {
    overlaps++; // EEXIST: another process holds it, too
  }
  attempt.release();
}
process.stdout.write(JSON.stringify({ taken, overlaps }));
