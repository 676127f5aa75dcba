// The strongest rival on the log path, where Debian's package is installed. It starts its children itself: the same writers, which
// wait at a FIFO for the start.
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf, writerCommand } from './run.mjs';

export const missing = 'supervisord is not installed (Debian: apt-get install supervisor): measured without it';

/** @returns null where it is not installed */
export function supervisord() {
  let program;
  try {
    program = execFileSync('sh', ['-c', 'command -v supervisord'], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
  return { name: 'supervisord', keepsFifos: true, start: (place) => start(program, place) };
}

async function start(program, { fifos, dir, load, programs }) {
  mkdirSync(join(dir, 'logs'));
  const files = fifos.map((_, index) => join(dir, 'logs', `${index}.log`));
  const config = join(dir, 'supervisord.conf');
  const head = `[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile=${join(dir, 'pid')}\n`;
  const sections = fifos.map((fifo, index) =>
    sectionOf(index, writerCommand(programs, load, index + 1), fifo, files[index]),
  );
  writeFileSync(config, `${head}${sections.join('\n')}\n`);
  const child = spawn(program, ['-c', config], { stdio: 'ignore' });
  await until(() => childrenOf(child.pid).length === fifos.length);
  return {
    pids: [child.pid],
    begin() {
      for (const fifo of fifos) appendFileSync(fifo, 'go\n');
    },
    async finish() {
      await until(() => childrenOf(child.pid).length === 0 && sizeOf(files) === bytesOf(load));
      return files;
    },
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', resolve);
        child.kill('SIGTERM');
      }),
  };
}

function sectionOf(index, command, fifo, file) {
  return [
    `[program:w${index}]`,
    `command=/bin/sh -c 'read go < ${fifo}; exec ${command.join(' ')}'`,
    `stdout_logfile=${file}`,
    'stdout_logfile_maxbytes=0',
    'autorestart=false',
    'startsecs=0',
  ].join('\n');
}

const sizeOf = (files) => files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);

async function until(condition) {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('supervisord does not do what it should');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function childrenOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  } catch {
    return []; // not there yet, or gone
  }
}
