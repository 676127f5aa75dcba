// The log paths that are compared: ours, and what else there is. Each starts its readers on given FIFOs.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { exit, makeDirectory } from './run.mjs';

const WRITER = process.env.ORCH_LOG_WRITER ?? fileURLToPath(new URL('../../dist/log-writer.cjs', import.meta.url));
/** As src/logs/lean-node.ts has them for Node 20; a test compares. */
export const NODE_OPTIONS = ['--max-semi-space-size=1', '--no-sparkplug', '--interrupt-budget=500000'];

/** Our log writer, as a supervisor drives it. */
export function orch(format, rotate = {}) {
  const extras = [rotate.sizeBytes ? 'rotating' : '', rotate.compress ?? ''].filter(Boolean);
  return {
    name: ['orch', format, ...extras].join(' '),
    keepsFifos: true,
    tail: format === 'json' ? 2 : 0,
    start: (place) => startOrch(format, rotate, place),
  };
}

export async function startOrch(format, rotate, { fifos, dir }) {
  const child = spawn(process.execPath, [...NODE_OPTIONS, WRITER, dir], { stdio: ['ignore', 'inherit', 'inherit'] });
  const link = await open(join(dir, '.orch/run/logs.sock'));
  const path = join(dir, 'logs/main.log');
  const rules = { sizeBytes: 0, keep: 1000, compress: 'none', everyMs: 0, totalBytes: 0, ...rotate };
  const queue = {
    name: 'main',
    path,
    format,
    rotate: rules,
    capacityBytes: 8 * 2 ** 20,
    overflow: 'block',
    sink: null,
  };
  await link.ask('configure', { queues: [queue] });
  const sources = fifos.map((fifo, index) => ({
    instance: `writer.${index + 1}`,
    service: 'writer',
    queue: 'main',
    outPath: fifo,
    errPath: fifo.replace(/f(\d+)$/, 'e$1'),
  }));
  execFileSync(
    'mkfifo',
    sources.map(({ errPath }) => errPath),
  );
  const held = sources.map(({ errPath }) => openSync(errPath, constants.O_RDWR));
  const outputs = new Map(sources.map(({ instance, outPath }) => [instance, openSync(outPath, constants.O_RDWR)]));
  link.onEvent = ({ type, instance }) => type === 'stream_flooded' && widenPipe(outputs.get(instance));
  await link.ask('attach', { sources });
  return {
    pids: [child.pid],
    file: path,
    async finish(sample) {
      for (const { instance } of sources) await link.ask('endOfOutput', { instance, deadlineMs: 60_000 });
      sample();
      await link.ask('shutdown', { deadlineMs: 60_000 });
      return allFiles(path);
    },
    async stop() {
      for (const fd of [...held, ...outputs.values()]) closeSync(fd);
    },
  };
}

/** As src/os/big-pipe.ts has it. */
function widenPipe(fd) {
  try {
    fcntl ??= createRequire(import.meta.url)('koffi')
      .load(null)
      .func('int fcntl(int, int, int)');
  } catch {
    return; // not installed: the supervisor does without, too
  }
  fcntl(fd, 1031, 256 * 1024);
}

let fcntl;

/** All writers share one pipe into one `cat > file`: the plain Unix way. */
export const catOnePipe = {
  name: 'cat, one pipe',
  onePipe: true,
  mayTear: true, // lines straddle writes: they mix in a shared pipe
  start: async ({ fifos, out }) => cats(fifos, () => out),
};

/** One `cat` process that drains the same pipes, one after the other: what there is of reading in one process. */
export const catInTurn = {
  name: 'cat, pipes in turn',
  async start({ fifos, out }) {
    const open = [openSync(out, 'a'), ...fifos.map((fifo) => openSync(fifo, 'r'))];
    const [to, ...from] = open;
    const names = from.map((_, index) => `/dev/fd/${index + 3}`); // all are open from the start: no writer gets SIGPIPE
    const child = spawn('cat', names, { stdio: ['ignore', to, 'inherit', ...from] });
    for (const fd of open) closeSync(fd);
    const ended = exit(child);
    return { pids: [child.pid], finish: () => ended.then(() => [out]) };
  },
};

/** A `cat` for every pipe, each with an own file: uses all cores, merges nothing. */
export const catPerPipe = {
  name: 'cat per pipe',
  start: async ({ fifos, out }) => cats(fifos, (index) => `${out}.${index}`),
};

function cats(fifos, outOf) {
  const files = fifos.map((_, index) => outOf(index));
  const children = fifos.map((fifo, index) => {
    const from = openSync(fifo, 'r');
    const to = openSync(files[index], 'a');
    const child = spawn('cat', [], { stdio: [from, to, 'inherit'] });
    closeSync(from);
    closeSync(to);
    return child;
  });
  const ended = Promise.all(children.map(exit));
  return { pids: children.map(({ pid }) => pid), finish: () => ended.then(() => files) };
}

function scriptPath(name, code, options = {}) {
  return {
    name,
    ...options,
    async start({ fifos, out }) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', code, out, ...fifos], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = exit(child);
      await new Promise((resolve) => child.stdout.once('data', resolve));
      return { pids: [child.pid], finish: () => ended.then(() => [out]) };
    },
  };
}

/** Upper bound: nothing is written. */
export const discard = scriptPath(
  'read and discard',
  `import { openSync, constants } from 'node:fs'; import { Socket } from 'node:net';
   const [, ...fifos] = process.argv.slice(1);
   const buffer = Buffer.allocUnsafeSlow(65536);
   for (const fifo of fifos) new Socket({ fd: openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK), readable: true,
     writable: false, onread: { buffer, callback: () => true } }).resume();
   console.log('ready');`,
  { discards: true },
);

/** What one writes first: a line reader for each stream, a write for each line. */
export const naive = scriptPath(
  'readline + write',
  `import { createReadStream, createWriteStream, openSync, constants } from 'node:fs'; import { createInterface } from 'node:readline';
   import { Socket } from 'node:net';
   const [out, ...fifos] = process.argv.slice(1);
   const file = createWriteStream(out, { flags: 'a' });
   for (const fifo of fifos) {
     const input = new Socket({ fd: openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false });
     createInterface({ input }).on('line', (line) => { file.write(new Date().toISOString() + ' writer o ' + line + '\\n'); });
   }
   console.log('ready');`,
);

async function open(path) {
  for (let tries = 0; tries < 500; tries += 1) {
    const socket = await new Promise((resolve) => {
      const made = connect(path);
      made.once('connect', () => resolve(made));
      made.once('error', () => resolve(null));
    });
    if (socket !== null) return link(socket);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('the log writer does not listen');
}

function link(socket) {
  const waiting = new Map();
  let lastId = 0;
  createInterface({ input: socket }).on('line', (line) => {
    const { id, result, error, event } = JSON.parse(line);
    if (event !== undefined) made.onEvent?.(event);
    if (id === undefined) return;
    const { resolve, reject } = waiting.get(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  });
  const made = {
    ask: (method, params) =>
      new Promise((resolve, reject) => {
        lastId += 1;
        waiting.set(lastId, { resolve, reject });
        socket.write(`${JSON.stringify({ id: lastId, method, params })}\n`);
      }),
  };
  return made;
}

/** Oldest first; of one that is being compressed, the plain form. */
function allFiles(path) {
  const directory = makeDirectory(dirname(path));
  const names = readdirSync(directory).filter((name) => /\.log\.\d{8}T\d{9}Z(\.gz)?$/.test(name));
  const rotated = names.filter((name) => !names.includes(name.replace(/\.gz$/, '')) || !name.endsWith('.gz'));
  return [...rotated.sort().map((name) => join(directory, name)), path].filter(existsSync);
}
