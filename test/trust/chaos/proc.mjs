// Reads /proc, which the observer believes; its only other witness are the records of the workers.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** @returns all live processes (no zombies) that come from this round, by `CHAOS=<mark>` in their environment. */
export function processesOf(mark) {
  const found = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const environ = read(`/proc/${pid}/environ`);
    if (!environ.includes(`CHAOS=${mark}\0`)) continue;
    const stat = statOf(pid);
    if (stat === null) continue;
    const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
    found.push({
      pid,
      ...stat,
      command,
      id: variable(environ, 'ORCH_INSTANCE_ID'),
      nonce: variable(environ, 'ORCH_NONCE'),
      version: variable(environ, 'VERSION'),
    });
  }
  return found;
}

/** Null for a process that is gone, zombies included. */
export function statOf(pid) {
  const text = read(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 22 || 'ZXx'.includes(fields[0])) return null;
  return { state: fields[0], parent: Number(fields[1]), session: Number(fields[3]), startTime: fields[19] };
}

/** Is there anything at the pid, a zombie included? */
export const isTaken = (pid) => read(`/proc/${pid}/stat`) !== '';

/** What escaped leads a session too. */
export const isMain = ({ id, pid, session, command }) =>
  id !== null && pid === session && (command.startsWith('sh ') || command === 'node listens.mjs');
export const isSupervisor = ({ command }) => /supervisor\.c?js .*--root/.test(command);
export const isWriter = ({ command }) => /log-writer\.c?js (?!--gzip)/.test(command);

export function descriptorsOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return []; // gone
  }
}

/** Supervisors that hold the project's lock; not what one of them has just forked, which has its descriptors until it calls execve. */
export function lockHoldersOf(mark, root) {
  const holders = processesOf(mark).filter((one) => isSupervisor(one) && holdsLock(one.pid, `${root}/.orch/lock`));
  return holders.filter(({ parent }) => !holders.some(({ pid }) => pid === parent));
}

/** Does the process hold an flock on the file? As the kernel has it. */
export function holdsLock(pid, path) {
  return descriptorsOf(pid).some((fd) => {
    if (!/^lock:.*FLOCK/m.test(read(`/proc/${pid}/fdinfo/${fd}`))) return false;
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === path;
    } catch {
      return false; // closed meanwhile
    }
  });
}

function variable(environ, name) {
  const entry = environ.split('\0').find((line) => line.startsWith(`${name}=`));
  return entry === undefined ? null : entry.slice(name.length + 1);
}

function read(path) {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // gone
  }
}
