// Stands in for the supervisor's entry: follows its protocol on stdin and descriptor 3, then does as the file's name says.
import { appendFileSync, closeSync, writeSync } from 'node:fs';
import { basename } from 'node:path';

const mode = basename(process.argv[process.argv.indexOf('--file') + 1], '.yaml');
const record = process.env.FAKE_RECORD;
if (mode === 'crash-at-once') {
  process.stderr.write('cannot load shared object\n');
  process.exit(7);
}
let text = '';
for await (const chunk of process.stdin) text += chunk;
appendFileSync(record, `${JSON.stringify({ argv: process.argv.slice(2), got: text, cwd: process.cwd() })}\n`);
if (text === '') process.exit(0);
if (mode === 'crash-later') {
  process.stderr.write('boom\n');
  process.kill(process.pid, 'SIGKILL');
}
const answer = mode === 'conflict' ? { error: { code: 'conflict', message: 'another one' } } : { ready: true, pid: 42 };
const line = Buffer.from(`${JSON.stringify(answer)}\n`);
writeSync(3, line.subarray(0, 5));
setTimeout(() => {
  writeSync(3, line.subarray(5));
  closeSync(3);
}, 20);
