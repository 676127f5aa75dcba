// The classic: a bot that keeps its pid in the file argv[2], with a worker; `daemon`: both in the caller's session.
import { spawn } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';

const [path, mark] = process.argv.slice(2);
process.on('SIGTERM', () => undefined);
spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', mark], { stdio: 'ignore', detached: true }).unref();
writeFileSync(`${path}.new`, `${process.pid}\n`);
renameSync(`${path}.new`, path);
setInterval(() => undefined, 1000);
