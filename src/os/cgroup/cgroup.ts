// A cgroup v2 directory per contained instance, where we may make one: what is born in it cannot leave it, whatever it
// does to its session and its environment, and one write kills all of it at once. Always below our own cgroup, so that
// limits that hold for us hold for the instances too. Every function does nothing where there is no such thing.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { listDirectory } from '../descriptor-reserve.ts';
import { hasProc } from '../platform.ts';
import { childrenOf } from '../process/proc-stat.ts';

/** Below our own cgroup: holds one of each contained instance. */
export const CGROUP_BASE = 'orch';
/** Below the base: what of ours lived in our own cgroup before that was to bound its children (cgroup-controller.ts). */
export const SUPERVISOR_LEAF = 'supervisor';

/** `<mount>/<our own cgroup>/orch`, made with the first instance; null: no cgroup v2 here. */
let cachedBase: string | null | undefined;
/** False once one could not be had; those that are there stay of use. */
let canCreate = true;
/** Nonce -> directory, of those that were not made below our own base. */
const adoptedDirectories = new Map<string, string>();

/** Makes the cgroup of a nonce, before the fork; false where it cannot be had, and the sweep alone has to do. */
export function prepareCgroup(nonce: string): boolean {
  const directory = canCreate ? cgroupDirOfNonce(nonce) : null;
  if (directory === null) return false;
  try {
    mkdirSync(directory, { recursive: true });
    if (existsSync(join(directory, 'cgroup.kill'))) return true; // since Linux 5.14
    releaseCgroup(nonce);
  } catch {
    // read-only, as in most containers, or not delegated to us
  }
  canCreate = false; // do not try again for every instance
  return false;
}

/**
 * Puts a process into its prepared cgroup, with the children that it may have by now. To be called in the same turn of
 * the event loop as the fork, while the pid is surely its own; about 0.2 ms.
 */
export function moveIntoCgroup(pid: number, nonce: string): void {
  const directory = cgroupDirOfNonce(nonce);
  if (directory === null) return;
  try {
    moveWithChildren(pid, join(directory, 'cgroup.procs'));
  } catch {
    // ended at once, or not allowed: whoever lives of it is found by the sweep
  }
}

/** Children born before the move are not in the cgroup yet, those born after it are. */
function moveWithChildren(pid: number, file: string): void {
  writeFileSync(file, String(pid));
  for (const child of childrenOf(pid)) {
    try {
      moveWithChildren(child, file);
    } catch {
      // ESRCH: it has ended meanwhile; its siblings have not
    }
  }
}

/** Processes in the cgroup, zombies included; empty where it has none. */
export function cgroupPids(nonce: string): number[] {
  const directory = cgroupDirOfNonce(nonce);
  if (directory === null || !existsSync(directory)) return [];
  try {
    return readFileSync(join(directory, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean).map(Number);
  } catch {
    return []; // removed meanwhile
  }
}

/** SIGKILL to all of it at once; no fork outruns it. */
export function killCgroup(nonce: string): void {
  const directory = cgroupDirOfNonce(nonce);
  if (directory === null || !existsSync(directory)) return;
  try {
    writeFileSync(join(directory, 'cgroup.kill'), '1');
  } catch {
    // removed meanwhile: nobody was left in it
  }
}

/** Removes the cgroup if nobody is left in it. */
export function releaseCgroup(nonce: string): void {
  const directory = cgroupDirOfNonce(nonce);
  if (directory === null || !existsSync(directory)) return;
  try {
    rmdirSync(directory);
    adoptedDirectories.delete(nonce);
    rmdirSync(dirname(directory));
  } catch {
    // EBUSY: a zombie has not been reaped yet (the next sweep tries again), or others use the base directory
  }
}

/** Removes the empty cgroups of all nonces that begin with `prefix`: of starts that came to nothing, of ends nobody saw. */
export function releaseCgroups(prefix: string): void {
  const base = baseDir();
  if (base === null || !existsSync(base)) return;
  for (const name of listDirectory(base)) if (name.startsWith(prefix)) releaseCgroup(name);
}

/**
 * Directory of our own cgroup in the v2 hierarchy, by the texts of /proc/self/mountinfo and /proc/self/cgroup; null
 * where there is none, or it lies outside of what is mounted here.
 */
export function ownCgroupDir(mountinfo: string, cgroup: string): string | null {
  const own = /^0::(.*)$/m.exec(cgroup)?.[1];
  if (own === undefined) return null;
  for (const line of mountinfo.split('\n')) {
    const [fields = '', type = ''] = line.split(' - ');
    const [, , , root, mountPoint] = fields.split(' ');
    if (!type.startsWith('cgroup2 ') || root === undefined || mountPoint === undefined) continue;
    // In a container only a part of the hierarchy may be mounted.
    if (own !== root && !own.startsWith(root === '/' ? '/' : `${root}/`)) continue;
    return resolve(join(mountPoint, own.slice(root === '/' ? 0 : root.length)));
  }
  return null;
}

/**
 * A process of an earlier supervisor, which may have lived in another cgroup than we do (a systemd unit, a terminal): its
 * own is found from here on.
 */
export function findExistingCgroup(pid: number, nonce: string): void {
  const directory = cgroupDirOfFile(`/proc/${pid}/cgroup`);
  const end = directory?.indexOf(`/${CGROUP_BASE}/${nonce}`) ?? -1;
  if (directory === null || end < 0) return;
  const found = directory.slice(0, end + `/${CGROUP_BASE}/${nonce}`.length);
  if (found !== cgroupDirOfNonce(nonce)) adoptedDirectories.set(nonce, found);
}

/** Where the cgroup of a nonce lies, made or not; null where there is none. */
export function cgroupDirOfNonce(nonce: string): string | null {
  const known = adoptedDirectories.get(nonce);
  if (known !== undefined) return known;
  const base = baseDir();
  return base === null || !/^[\w.-]+$/.test(nonce) || nonce.startsWith('.') ? null : join(base, nonce);
}

/** Our own cgroup, or the one that we were in before we moved into its leaf; null where there is none. */
export function topCgroup(): string | null {
  const base = baseDir();
  return base === null ? null : dirname(base);
}

/** @param own the cgroup of a supervisor, whichever of ours it is */
export function topCgroupOf(own: string): string {
  const leaf = `/${CGROUP_BASE}/${SUPERVISOR_LEAF}`;
  return own.endsWith(leaf) ? own.slice(0, -leaf.length) || '/' : own;
}

function baseDir(): string | null {
  if (cachedBase === undefined) cachedBase = hasProc ? findBase() : null;
  return cachedBase;
}

function findBase(): string | null {
  const own = cgroupDirOfFile('/proc/self/cgroup');
  return own === null ? null : join(topCgroupOf(own), CGROUP_BASE);
}

/** @param file of a process, as in /proc/PID/cgroup */
function cgroupDirOfFile(file: string): string | null {
  try {
    return ownCgroupDir(readFileSync('/proc/self/mountinfo', 'utf8'), readFileSync(file, 'utf8'));
  } catch {
    return null; // no cgroups in this kernel, or the process is gone
  }
}
