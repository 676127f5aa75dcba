// Which processes hold a socket, by /proc/PID/fd. Linux only; elsewhere no holder is found. A process of another user shows
// nothing.
import { readdirSync, readlinkSync } from 'node:fs';
import { setImmediate as nextTick } from 'node:timers/promises';
import { hasProc } from '../platform.ts';
import { childrenOf, listPids } from '../process/proc-stat.ts';
import { readWords, variableOf } from '../process/shown-by-proc.ts';

/** A descriptor by which a process holds a socket. */
export type HeldSocket = { pid: number; fd: string; inode: string };

/** How long the search may hold the event loop at a time. */
const SLICE_MS = 4;
const MAX_PROCESSES = 1_000;

/** About 2 µs. */
export function isStillHeld({ pid, fd, inode }: HeldSocket): boolean {
  return socketAt(pid, fd) === inode;
}

/** @returns null: this process may not be inspected */
export function socketsOf(pid: number): HeldSocket[] | null {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const inode = socketAt(pid, fd);
      return inode === null ? [] : [{ pid, fd, inode }];
    });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : null;
  }
}

function socketAt(pid: number, fd: string): string | null {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? null;
  } catch {
    return null; // closed meanwhile, or the process is gone
  }
}

/** A process and all that descend from it and have not been orphaned. */
export function withDescendants(pid: number): number[] {
  const pids = [pid];
  for (let at = 0; at < pids.length && at < MAX_PROCESSES; at++) pids.push(...childrenOf(pids[at] as number));
  return pids;
}

/** Searches all processes of the machine, except ourselves. */
export async function findHolders(inode: string): Promise<number[]> {
  if (!hasProc) return [];
  const found: number[] = [];
  let sliceEndsMs = performance.now() + SLICE_MS;
  for (const pid of listPids()) {
    if (pid !== process.pid && socketsOf(pid)?.some((held) => held.inode === inode)) found.push(pid);
    if (performance.now() < sliceEndsMs) continue;
    await nextTick();
    sliceEndsMs = performance.now() + SLICE_MS;
  }
  return found;
}

const MAX_COMMAND = 80;
/** Programs that listen for a container, on behalf of the command that started it. */
const FORWARDERS = new Set([
  'docker-proxy',
  'rootlessport',
  'rootlesskit',
  'slirp4netns',
  'pasta',
  'pasta.avx2',
  'passt',
  'gvproxy',
  'conmon',
  'com.docker.backend',
  'vpnkit',
]);

export function isContainerForwarder(pid: number): boolean {
  return FORWARDERS.has(readWords(`/proc/${pid}/comm`)[0]?.trim() ?? '');
}

/** @returns such as `pid 4711 (node srv.js, api.1 of project demo in /srv/demo)` */
export function describeProcess(pid: number): string {
  const command = readWords(`/proc/${pid}/cmdline`).join(' ').slice(0, MAX_COMMAND);
  const [project, instance] = [variableOf(pid, 'ORCH_PROJECT'), variableOf(pid, 'ORCH_INSTANCE_ID')];
  const owner = project === undefined ? '' : `${instance === undefined ? '' : `${instance} of `}project ${project}`;
  const directory = readLink(`/proc/${pid}/cwd`);
  const place = directory === null ? owner : `${owner} in ${directory}`.trim();
  return `pid ${pid} (${[command, place].filter((part) => part !== '').join(', ')})`;
}

/** @returns such as `user postgres` */
export function describeUser(uid: number | null): string {
  if (uid === null) return 'another user';
  const entry = readWords('/etc/passwd')[0]
    ?.split('\n')
    .find((line) => line.split(':')[2] === String(uid));
  return `user ${entry?.split(':')[0] ?? uid}`;
}

function readLink(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null; // gone, or we may not inspect it
  }
}
