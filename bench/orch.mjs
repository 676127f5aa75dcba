// A project in a temporary directory for measurements: runs the built command, reads /proc, leaves nothing behind.
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const packageFile = new URL('../package.json', import.meta.url);
const { bin } = JSON.parse(readFileSync(packageFile, 'utf8'));

/** What `npx orch` runs. `ORCH_RIG_MAIN` names another build to measure, such as an older one. */
export const MAIN = process.env.ORCH_RIG_MAIN ?? fileURLToPath(new URL(bin.orch, packageFile));

/** Every descendant inherits it, with the project's directory as its value. */
const MARK = 'BENCH_ROOT';

/** Where the file system's own cost stays out of what is measured (docs/decisions/0105); null where there is none. */
export const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : null;

/**
 * @param {string} yaml text of procs.yaml
 * @param {(project: ReturnType<typeof openProject>) => Promise<T>} use
 * @param {string} [parent] directory of the project's directory
 * @template T
 */
export async function withProject(yaml, use, parent = tmpdir()) {
  const project = openProject(yaml, parent);
  try {
    return await use(project);
  } finally {
    await project.run(['down'], [0, 3]).catch((error) => console.error(String(error)));
    rmSync(project.root, { recursive: true, force: true });
  }
}

function openProject(yaml, parent) {
  const root = realpathSync(mkdtempSync(join(parent, 'orch-bench-')));
  const save = (text) => {
    writeFileSync(join(root, '.procs.new'), text);
    renameSync(join(root, '.procs.new'), join(root, 'procs.yaml'));
  };
  save(yaml);
  const run = (args, codes) => runProgram(process.execPath, [MAIN, ...args], root, { [MARK]: root }, codes);
  return {
    root,
    save,
    run,
    status: async () => JSON.parse((await run(['ps', '--json'])).stdout),
    /** instance id -> `pid@startTime`, from /proc only. */
    incarnations: () => incarnationsIn(root),
    /** Ready to be asked again and again, cheaply: does an instance `id` live that did not when this was called? */
    watchForNew: (id) => watchForNew(root, id),
  };
}

export function runNode(args, cwd) {
  return runProgram(process.execPath, args, cwd);
}

/** Runs a program to its end; rejects on an exit code that is not in `codes`. Gives the wall time of the whole process. */
export async function runProgram(file, args, cwd, env = {}, codes = [0]) {
  const beganMs = performance.now();
  const child = spawn(file, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve));
  const durationMs = performance.now() - beganMs;
  if (!codes.includes(code)) throw new Error(`${args.join(' ')} exited ${code}: ${stderr}${stdout}`);
  return { stdout, stderr, durationMs };
}

/** Polls as fast as it sensibly can; returns how long it took. */
export async function untilTrue(what, holds, deadlineMs = 20_000) {
  const beganMs = performance.now();
  while (!holds()) {
    if (performance.now() - beganMs > deadlineMs) throw new Error(`after ${deadlineMs} ms still not: ${what}`);
    await pause(1);
  }
  return performance.now() - beganMs;
}

/** Fields of /proc/PID/stat behind the name, or null when it is gone or a zombie. */
export function statOf(pid) {
  let text;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null; // gone
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? null : { startTime: fields[19], cpuTicks: Number(fields[11]) + Number(fields[12]) };
}

/** Resident bytes of a process, 0 when it is gone. */
export function residentBytes(pid) {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0; // gone
  }
}

/** Resident bytes of a process, with its share of what others map as well; 0 when it is gone. */
export function proportionalBytes(pid) {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0; // gone
  }
}

/** Every process of the machine but those in `except`. */
export function* processes(except = new Set()) {
  for (const entry of readdirSync('/proc')) {
    if (except.has(entry) || !/^\d+$/.test(entry)) continue;
    try {
      yield {
        pid: Number(entry),
        environment: readFileSync(`/proc/${entry}/environ`, 'utf8'),
        command: readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' '),
      };
    } catch {
      // gone between the listing and the look, or not ours
    }
  }
}

function incarnationsIn(root) {
  const found = new Map();
  for (const { pid, environment } of processes()) {
    const id = instanceIn(environment, root);
    const stat = id === null ? null : statOf(pid);
    if (stat !== null) found.set(id, `${pid}@${stat.startTime}`);
  }
  return found;
}

function watchForNew(root, id) {
  const known = new Set(readdirSync('/proc'));
  return () => {
    for (const { pid, environment } of processes(known)) {
      if (instanceIn(environment, root) === id && statOf(pid) !== null) return true;
    }
    return false;
  };
}

function instanceIn(environment, root) {
  if (!environment.includes(`${MARK}=${root}\0`)) return null;
  return /(?:^|\0)ORCH_INSTANCE_ID=([^\0]*)/.exec(environment)?.[1] ?? null;
}
