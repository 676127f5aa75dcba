// One run of one log path: start the readers, start the writers, wait until all is stored, check every line.
import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';

/**
 * @typedef {{ writers: number, mib: number, bytesPerWrite: number }} Load  mib: of each writer
 * @typedef {{ fifos: string[], dir: string, out: string, load: Load, programs: object }} Place
 * @typedef {{ pids: number[], begin?(): void, finish(): Promise<string[]> }} Reader
 *   begin: starts the writers, where they are its own; finish: resolves with the files when all is stored
 */

/** @returns {Promise<{ mbPerS: number, cpuPerGib: number, rssMb: number }>} throws where a line is missing */
export async function runPath(programs, load, path) {
  const dir = mkdtempSync(join(tmpdir(), 'orch-bench-'));
  let reader = null;
  try {
    const count = path.onePipe ? 1 : load.writers;
    const fifos = Array.from({ length: count }, (_, index) => join(dir, `f${index + 1}`));
    execFileSync('mkfifo', fifos);
    const held = fifos.map((fifo) => openSync(fifo, constants.O_RDWR));
    reader = await path.start({ fifos, dir, out: join(dir, 'out.log'), load, programs });
    const cpuBefore = reader.pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
    const began = performance.now();
    const writers = reader.begin
      ? [reader.begin()]
      : Array.from({ length: load.writers }, (_, index) =>
          startWriter(programs, load, index + 1, fifos[index % count]),
        );
    if (!path.keepsFifos) for (const fd of held) closeSync(fd);
    let usage = { cpu: 0, rssMb: 0 };
    const sampler = setInterval(() => (usage = sample(reader.pids, usage)), 10);
    await Promise.all(writers);
    const files = await reader.finish(() => (usage = sample(reader.pids, usage)));
    const seconds = (performance.now() - began) / 1000;
    clearInterval(sampler);
    if (path.keepsFifos) for (const fd of held) closeSync(fd);
    const bytes = bytesOf(load);
    if (!path.discards) await verify(programs, files, path.tail ?? 0, bytes / 100, path.mayTear);
    await reader.stop?.();
    return {
      mbPerS: bytes / 1e6 / seconds,
      cpuPerGib: (usage.cpu - cpuBefore) / (bytes / 2 ** 30),
      rssMb: usage.rssMb,
    };
  } catch (error) {
    for (const pid of reader?.pids ?? []) endQuietly(pid);
    throw error;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function endQuietly(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ESRCH: it has ended by itself.
  }
}

/** Of all writers together. */
export const bytesOf = ({ mib, writers }) => Math.floor((mib * 1024 * 1024) / 100) * 100 * writers;

export const writerCommand = ({ lines }, { mib, bytesPerWrite }, number) => [
  ...lines,
  String(number),
  String(mib),
  String(bytesPerWrite),
];

function startWriter(programs, load, number, fifo) {
  const fd = openSync(fifo, constants.O_WRONLY);
  const [file, ...args] = writerCommand(programs, load, number);
  const child = spawn(file, args, { stdio: ['ignore', fd, 'inherit'] });
  closeSync(fd);
  return exit(child);
}

export function exit(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${child.spawnfile}: ${code ?? signal}`)),
    );
  });
}

function sample(pids, before) {
  let cpu = 0;
  let rssMb = 0;
  for (const pid of pids) {
    cpu += cpuSeconds(pid);
    const status = readOrEmpty(`/proc/${pid}/status`);
    rssMb += Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  }
  return { cpu: Math.max(cpu, before.cpu), rssMb: Math.max(rssMb, before.rssMb) };
}

/** Time on a processor so far, of all threads; 0 once it is gone. The kernel's own sum, as ticks of 10 ms are too coarse. */
export function cpuSeconds(pid) {
  let nanoseconds = 0;
  for (const task of tasks(pid))
    nanoseconds += Number(readOrEmpty(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]);
  return nanoseconds / 1e9;
}

function tasks(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // gone
  }
}

function readOrEmpty(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

async function verify({ verify: command }, files, tail, expected, mayTear) {
  if (command === null) return;
  const child = spawn(command[0], [...command.slice(1), String(tail)], { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  const ended = new Promise((resolve) => child.stdout.once('end', resolve));
  for (const file of files) {
    if (!existsSync(file)) continue;
    const stored = createReadStream(file, { highWaterMark: 1024 * 1024 });
    for await (const chunk of file.endsWith('.gz') ? stored.pipe(createGunzip()) : stored) {
      if (!child.stdin.write(chunk)) await new Promise((resolve) => child.stdin.once('drain', resolve));
    }
  }
  child.stdin.end();
  await ended;
  const [lines, lost, doubled, torn] = text.trim().split(' ').map(Number);
  if (mayTear) return;
  if (lines !== expected || lost + doubled + torn > 0) {
    throw new Error(`${lines} of ${expected} lines arrived, ${lost} lost, ${doubled} doubled, ${torn} torn`);
  }
}

export function makeDirectory(path) {
  mkdirSync(path, { recursive: true });
  return path;
}
