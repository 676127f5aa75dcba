// What really lives, read from /proc and never from orch's own words. Linux only.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A live process; `startTime` (clock ticks since boot) tells it from a later one with the same pid. */
export type LiveProcess = {
  pid: number;
  startTime: string;
  parent: number;
  command: string;
  /** `ORCH_NONCE` and `ORCH_INSTANCE_ID` of its environment; null if it is not an instance of orch. */
  nonce: string | null;
  instance: string | null;
};

export type Stat = {
  state: string;
  parent: number;
  session: number;
  startTime: string;
  cpuTicks: number;
  rssPages: number;
};

/** Live processes (no zombies) whose environment, working directory or command line names one of `marks`. */
export function findProcesses(marks: string[]): LiveProcess[] {
  const found: LiveProcess[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const environment = readOrEmpty(`/proc/${pid}/environ`);
    const command = readOrEmpty(`/proc/${pid}/cmdline`);
    if (!marks.some((mark) => environment.includes(mark) || command.includes(mark) || cwdOf(pid).startsWith(mark))) {
      continue;
    }
    const stat = readStat(pid);
    if (stat === null) continue;
    found.push({
      pid,
      startTime: stat.startTime,
      parent: stat.parent,
      command: command.replaceAll('\0', ' ').trim(),
      nonce: variable(environment, 'ORCH_NONCE'),
      instance: variable(environment, 'ORCH_INSTANCE_ID'),
    });
  }
  return found;
}

/** Null when no such process lives; a zombie does not live. */
export function readStat(pid: number): Stat | null {
  const text = readOrEmpty(`/proc/${pid}/stat`);
  // The second field is the name in parentheses and may hold anything, spaces and parentheses included.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  if (fields.length < 22 || state === undefined || 'ZXx'.includes(state)) return null;
  return {
    state,
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startTime: fields[19]!,
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    rssPages: Number(fields[21]),
  };
}

export function isAlive(process: { pid: number; startTime: string }): boolean {
  return readStat(process.pid)?.startTime === process.startTime;
}

/** Ends a process, but only while it still is the one that was seen. */
export function killByIdentity(target: { pid: number; startTime: string }, signal: NodeJS.Signals = 'SIGKILL'): void {
  if (!isAlive(target)) return;
  try {
    process.kill(target.pid, signal);
  } catch (error) {
    // It went between the look and the signal: what we wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** How many descriptors a process holds, or null when it is gone. */
export function countDescriptors(pid: number): number | null {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return null; // gone, or not ours to read
  }
}

/** Paths of the files that a process has locked by flock(2). */
export function heldLocks(pid: number): string[] {
  return descriptorsOf(pid)
    .filter((fd) => /^lock:.*FLOCK/m.test(readOrEmpty(`/proc/${pid}/fdinfo/${fd}`)))
    .map((fd) => linkOrEmpty(`/proc/${pid}/fd/${fd}`));
}

/** Descriptors anywhere on this machine that point below `directory`, and unix sockets bound there. */
export function findOpenFiles(directory: string): string[] {
  const open: string[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    for (const target of descriptorTargets(Number(entry))) {
      if (target.startsWith(directory)) open.push(`pid ${entry} holds ${target}`);
    }
  }
  for (const line of readOrEmpty('/proc/net/unix').split('\n')) {
    if (line.includes(` ${directory}`)) open.push(`bound socket ${line.slice(line.indexOf(directory))}`);
  }
  return open;
}

function descriptorTargets(pid: number): string[] {
  return descriptorsOf(pid).map((fd) => linkOrEmpty(`/proc/${pid}/fd/${fd}`));
}

function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return []; // gone, or not ours to read
  }
}

function variable(environment: string, name: string): string | null {
  const entry = environment.split('\0').find((line) => line.startsWith(`${name}=`));
  return entry === undefined ? null : entry.slice(name.length + 1);
}

const cwdOf = (pid: number): string => linkOrEmpty(`/proc/${pid}/cwd`);

function linkOrEmpty(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // gone, or not ours to read
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // gone, or not ours to read
  }
}
