// In a container, process 1 is often a program that waits for nobody: what an instance leaves behind as an orphan stays a
// zombie there for ever, and each takes a pid. There the supervisor asks the kernel for the orphans below it, and reaps them.
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { readlinkSync } from 'node:fs';
import { posixSpawn } from './posix-spawn.ts';
import { reapOrphans } from './reaper.ts';

/** PROC_PID_INIT_INO of the kernel (include/linux/proc_ns.h): the namespace that the machine's own init is in. */
const FIRST_NAMESPACE = 'pid:[4026531836]';

/** Call before anything is started. Does nothing where a real init reaps, or without the library. */
export function adoptOrphans(): void {
  if (!isContained() || !posixSpawn()?.becomeSubreaper()) return;
  const children = childrenOfNode();
  reapOrphans(posixSpawn()!, (pid) => hasChild(children, pid));
}

function isContained(): boolean {
  try {
    return readlinkSync('/proc/self/ns/pid') !== FIRST_NAMESPACE;
  } catch {
    return false; // no Linux, or no /proc
  }
}

/** Those that Node has yet to wait for; it must find them. They are named before they have a pid. */
function childrenOfNode(): Set<ChildProcess> {
  const children = new Set<ChildProcess>();
  subscribe('child_process', (message) => {
    const child = (message as { process: ChildProcess }).process;
    children.add(child);
    child.once('exit', () => children.delete(child));
  });
  return children;
}

function hasChild(children: Set<ChildProcess>, pid: number): boolean {
  for (const child of children) {
    if (child.pid === pid) return true;
    if (child.pid === undefined) children.delete(child); // could not be started
  }
  return false;
}
