// A cgroup v2 directory per contained instance, where we may create one: a process born in it cannot leave it by a new
// session or environment, and one write kills all of them at once. Always below our own cgroup, so that limits for us
// apply to the instances too. Without cgroup v2, every function does nothing.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { listDirectory } from '../descriptor-reserve.ts';
import { hasProc } from '../platform.ts';
import { childrenOf } from '../process/proc-stat.ts';

/** Below our own cgroup: contains a cgroup for each contained instance. */
export const CGROUP_BASE = 'orch';
/** Below the base: our own processes, once our own cgroup has to limit its children (cgroup-controller.ts). */
export const SUPERVISOR_LEAF = 'supervisor';

/** `<mount>/<our own cgroup>/orch`, created with the first instance; null: no cgroup v2 here. */
let cachedBase: string | null | undefined;
/** False once a creation failed; existing ones stay in use. */
let canCreate = true;
/** Nonce -> directory, of those that are not below our own base. */
const adoptedDirectories = new Map<string, string>();

/** Creates the cgroup of a nonce, before the fork; false where that fails: then only the sweep finds the tree. */
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
 * Moves a process into its prepared cgroup, with the children that it may have by now. Call it in the same tick as the
 * fork, while the pid is certainly its own; about 0.2 ms.
 */
export function moveIntoCgroup(pid: number, nonce: string): void {
  const directory = cgroupDirOfNonce(nonce);
  if (directory === null) return;
  try {
    moveWithChildren(pid, join(directory, 'cgroup.procs'));
  } catch {
    // exited at once, or not allowed: the sweep finds what lives of it
  }
}

/** Children born before the move are not in the cgroup yet, those born after it are. */
function moveWithChildren(pid: number, file: string): void {
  writeFileSync(file, String(pid));
  for (const child of childrenOf(pid)) {
    try {
      moveWithChildren(child, file);
    } catch {
      // ESRCH: it has exited meanwhile; its siblings may live
    }
  }
}

/** Processes in the cgroup, zombies included; empty where it does not exist. */
export function cgroupPids(nonce: string): number[] {
  const directory = existingCgroup(nonce);
  if (directory === null) return [];
  try {
    return readFileSync(join(directory, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean).map(Number);
  } catch {
    return []; // removed meanwhile
  }
}

/** SIGKILL to all its processes at once; no fork outruns it. */
export function killCgroup(nonce: string): void {
  const directory = existingCgroup(nonce);
  if (directory === null) return;
  try {
    writeFileSync(join(directory, 'cgroup.kill'), '1');
  } catch {
    // removed meanwhile: it was empty
  }
}

/** Removes the cgroup if it is empty. */
export function releaseCgroup(nonce: string): void {
  const directory = existingCgroup(nonce);
  if (directory === null) return;
  try {
    rmdirSync(directory);
    adoptedDirectories.delete(nonce);
    rmdirSync(dirname(directory));
  } catch {
    // EBUSY: a zombie has not been reaped yet (the next sweep tries again), or others use the base directory
  }
}

/** Removes the empty cgroups of all nonces that begin with `prefix`: of failed starts, of exits without a supervisor. */
export function releaseCgroups(prefix: string): void {
  const base = baseDir();
  if (base === null || !existsSync(base)) return;
  for (const name of listDirectory(base)) if (name.startsWith(prefix)) releaseCgroup(name);
}

/**
 * Directory of our own cgroup in the v2 hierarchy, by the texts of /proc/self/mountinfo and /proc/self/cgroup; null
 * where it does not exist, or is outside the part that is mounted here.
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
 * For a process of an earlier supervisor, which may have run in another cgroup than we do (a systemd unit, a terminal):
 * from now on the nonce means the cgroup of that process.
 */
export function findExistingCgroup(pid: number, nonce: string): void {
  const directory = cgroupDirOfFile(`/proc/${pid}/cgroup`);
  const end = directory?.indexOf(`/${CGROUP_BASE}/${nonce}`) ?? -1;
  if (directory === null || end < 0) return;
  const found = directory.slice(0, end + `/${CGROUP_BASE}/${nonce}`.length);
  if (found !== cgroupDirOfNonce(nonce)) adoptedDirectories.set(nonce, found);
}

function existingCgroup(nonce: string): string | null {
  const directory = cgroupDirOfNonce(nonce);
  return directory !== null && existsSync(directory) ? directory : null;
}

/** The path for the cgroup of a nonce, whether it exists or not; null without cgroup v2. */
export function cgroupDirOfNonce(nonce: string): string | null {
  const known = adoptedDirectories.get(nonce);
  if (known !== undefined) return known;
  const base = baseDir();
  return base === null || !/^[\w.-]+$/.test(nonce) || nonce.startsWith('.') ? null : join(base, nonce);
}

/** Our own cgroup, or the one that we were in before we moved into its leaf; null without cgroup v2. */
export function topCgroup(): string | null {
  const base = baseDir();
  return base === null ? null : dirname(base);
}

/** @param own the cgroup of a supervisor: the one it was started in, or the leaf */
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

/** @param file /proc/PID/cgroup of a process */
function cgroupDirOfFile(file: string): string | null {
  try {
    return ownCgroupDir(readFileSync('/proc/self/mountinfo', 'utf8'), readFileSync(file, 'utf8'));
  } catch {
    return null; // no cgroups in this kernel, or the process is gone
  }
}
