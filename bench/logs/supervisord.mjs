// The strongest rival on the log path, where Debian's package is installed. Its children are its own: they are told to read
// our FIFOs and pass them on, which costs supervisord nothing.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const missing = 'supervisord is not installed (Debian: apt-get install supervisor): measured without it';

/** @returns null where it is not installed */
export function supervisord() {
  let program;
  try {
    program = execFileSync('sh', ['-c', 'command -v supervisord'], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
  return { name: 'supervisord', start: (place) => start(program, place) };
}

async function start(program, { fifos, dir }) {
  mkdirSync(join(dir, 'logs'));
  const files = fifos.map((_, index) => join(dir, 'logs', `${index}.log`));
  const sections = fifos.map((fifo, index) =>
    [
      `[program:w${index}]`,
      `command=/bin/cat ${fifo}`,
      `stdout_logfile=${files[index]}`,
      'stdout_logfile_maxbytes=0',
      'autorestart=false',
      'startsecs=0',
    ].join('\n'),
  );
  const config = join(dir, 'supervisord.conf');
  const head = `[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile=${join(dir, 'pid')}\n`;
  writeFileSync(config, `${head}${sections.join('\n')}\n`);
  const child = spawn(program, ['-c', config], { stdio: 'ignore' });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  return {
    pids: [child.pid],
    async finish() {
      const expected = Date.now() + 60_000;
      while (Date.now() < expected && hasChildren(child.pid)) await new Promise((resolve) => setTimeout(resolve, 2));
      return files;
    },
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', resolve);
        child.kill('SIGTERM');
      }),
  };
}

function hasChildren(pid) {
  try {
    return execFileSync('pgrep', ['-P', String(pid)], { stdio: ['ignore', 'pipe', 'ignore'] }).length > 0;
  } catch {
    return false; // none left
  }
}
