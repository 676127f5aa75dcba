// The strongest rival on the log path, where Debian's package is installed. Its children are its own: they are told to read
// our FIFOs and pass them on, which costs supervisord nothing.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
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
  await until(() => countReading(child.pid, fifos) === fifos.length);
  return {
    pids: [child.pid],
    async finish() {
      await until(() => childrenOf(child.pid).length === 0);
      return files;
    },
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', resolve);
        child.kill('SIGTERM');
      }),
  };
}

async function until(condition) {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('supervisord does not do what it should');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A writer that starts before its reader would be ended by SIGPIPE. */
function countReading(pid, fifos) {
  const open = childrenOf(pid).flatMap((child) =>
    readOrEmpty(() => readdirSync(`/proc/${child}/fd`).map((fd) => [child, fd])),
  );
  const targets = open.flatMap(([child, fd]) => readOrEmpty(() => [readlinkSync(`/proc/${child}/fd/${fd}`)]));
  return targets.filter((target) => fifos.includes(target)).length;
}

function childrenOf(pid) {
  return readOrEmpty(() => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean));
}

function readOrEmpty(read) {
  try {
    return read();
  } catch {
    return []; // gone meanwhile
  }
}
