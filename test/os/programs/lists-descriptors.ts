// Closes what it inherited, then prints the descriptors of a child of its own.
import { openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeInheritedFiles } from '../../../src/os/spawn/inherited-files.ts';
import { spawnInstance } from '../../../src/os/spawn/spawn.ts';

const closed = closeInheritedFiles();
const path = join(tmpdir(), `descriptors-${process.pid}`);
const out = openSync(path, 'w+');
openSync('/dev/null', 'r'); // one of ours that must not leak
const request = { file: '/bin/sh', args: ['-c', 'ls /proc/$$/fd'], cwd: '/', env: { PATH: process.env.PATH ?? '' } };
const alive = setTimeout(() => process.exit(1), 5000);
await spawnInstance({ ...request, stdin: 'ignore', stdout: out, stderr: out }, () => {
  clearTimeout(alive);
  const ofChild = readFileSync(path, 'utf8').trim().split(/\s+/).map(Number);
  rmSync(path);
  process.stdout.write(JSON.stringify({ closed, ofChild }));
});
