// One pass over all processes of the machine, in slices that leave the event loop free. Calls made while a pass waits
// to begin share it. Reads /proc; macOS and the BSDs show the environment of our own processes through `ps -E`; Windows
// shows none, so that a scan finds nothing there and trees are ended by `taskkill /T`.
import { execFile } from 'node:child_process';
import { readSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { withFile } from '../descriptor-reserve.ts';
import { hasProc, platform } from '../platform.ts';
import { isDeadState, listPids, type ProcStat, readStat } from '../process/proc-stat.ts';
import { isAwaited } from '../spawn/reaper.ts';

export type TreeMember = {
  pid: number;
  startTime: string;
  /** Null: found by its session, its environment was cleared. */
  nonce: string | null;
  isSessionLeader: boolean;
  /** Its ORCH_* variables only. */
  environment: Record<string, string>;
  command: string;
};
export type ScannedProcess = TreeMember & { session: number };
export type ProcessSnapshot = {
  /** Live processes with an ORCH_NONCE. */
  carriers: ScannedProcess[];
  /** Live processes without one; empty unless sessions were asked for. */
  others: ScannedProcess[];
};

/** Sorts the oldest first. Start times count in steps of 10 ms (1 s on macOS): of the same step, the lower pid is older. */
export function byAge(a: Started, b: Started): number {
  return startOf(a) - startOf(b) || a.pid - b.pid;
}

type Started = Pick<TreeMember, 'pid' | 'startTime'>;

/** `startTime` is a number of ticks, or a date where `ps` showed it. */
const startOf = ({ startTime }: Started): number =>
  /^\d+$/.test(startTime) ? Number(startTime) : Date.parse(startTime);

/** How long one slice may hold the event loop. */
const SLICE_MS = 4;
const NONCE = Buffer.from('ORCH_NONCE=');
const UNREADABLE = -1;
const FIRST_RETRY_MS = 1;
const LONGEST_RETRY_MS = 20;
/** On a busy machine a process may wait for a processor in the middle of execve; one that hangs there must not hold up a scan. */
const MAX_EXEC_MS = 500;
/** A process may lose its processor in the very step of execve in which its environment shows as empty. */
const EMPTY_FOR_MS = 100;
/** Of looking for new pids: a machine that forks all the time must not keep a pass running. */
const MAX_ROUNDS = 4;
const MAX_ENVIRON_BYTES = 4 * 1024 * 1024;
const MAX_PS_BYTES = 64 * 1024 * 1024;

/** `sessions`: processes without a nonce, too. `children`: our own, too, whose nonce and pid are known anyway. */
export type ScanRequest = { sessions: boolean; children: boolean };

let waiting: (ScanRequest & { snapshot: Promise<ProcessSnapshot> }) | null = null;
let running: Promise<unknown> = Promise.resolve();
let environ = Buffer.allocUnsafe(64 * 1024);

/** A snapshot that began after this call. */
export function scanProcesses(wanted: ScanRequest): Promise<ProcessSnapshot> {
  if (waiting !== null) {
    waiting.sessions ||= wanted.sessions;
    waiting.children ||= wanted.children;
    return waiting.snapshot;
  }
  const next = { ...wanted, snapshot: running.then(() => nextTurn()).then(() => begin()) };
  waiting = next;
  running = next.snapshot.catch(() => undefined); // the callers of this scan get the error
  return next.snapshot;
}

function begin(): Promise<ProcessSnapshot> {
  const { sessions = false, children = true } = waiting ?? {};
  waiting = null;
  if (hasProc) return scan(sessions, children);
  if (platform === 'win32') return Promise.resolve({ carriers: [], others: [] });
  return listByPs().then(parseProcessList);
}

/** Lists pids until none is new: the first listing lacks a process whose parent forked it during the pass and then ended. */
async function scan(sessions: boolean, children: boolean): Promise<ProcessSnapshot> {
  const snapshot: ProcessSnapshot = { carriers: [], others: [] };
  const seen = new Set<number>([process.pid]);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const fresh = listPids().filter((pid) => !seen.has(pid) && (children || !isAwaited(pid)));
    if (fresh.length === 0) break;
    for (const pid of fresh) seen.add(pid);
    const unclear = await visitAll(fresh, sessions, snapshot);
    if (unclear.length > 0) await retryDuringExec(unclear, sessions, snapshot);
  }
  for (const pid of [...emptySince.keys()]) if (!seen.has(pid)) emptySince.delete(pid);
  return snapshot;
}

/** @returns the pids to visit again */
async function visitAll(pids: number[], sessions: boolean, snapshot: ProcessSnapshot): Promise<number[]> {
  const unclear: number[] = [];
  let sliceEndsMs = performance.now() + SLICE_MS;
  for (const pid of pids) {
    if (!visit(pid, sessions, snapshot)) unclear.push(pid);
    if (performance.now() < sliceEndsMs) continue;
    await nextTurn();
    sliceEndsMs = performance.now() + SLICE_MS;
  }
  return unclear;
}

/** In the middle of execve a process shows no environment for some 100 µs: visit it until it does. */
async function retryDuringExec(pids: number[], sessions: boolean, snapshot: ProcessSnapshot): Promise<void> {
  const untilMs = performance.now() + MAX_EXEC_MS;
  for (let pauseMs = FIRST_RETRY_MS; pids.length > 0 && performance.now() < untilMs; ) {
    await sleep(pauseMs);
    pauseMs = Math.min(pauseMs * 2, LONGEST_RETRY_MS);
    pids = pids.filter((pid) => !visit(pid, sessions, snapshot));
  }
}

/** @returns false where the process is in the middle of execve: visit it again */
function visit(pid: number, sessions: boolean, snapshot: ProcessSnapshot): boolean {
  const length = readEnviron(pid);
  const nonce = length <= 0 ? null : variableAt(length, NONCE);
  if (nonce === null && length !== 0 && !sessions) return true;
  const environment = nonce === null ? {} : orchVariables(environ.toString('utf8', 0, length).split('\0'));
  const stat = readStat(pid);
  if (stat === null || isDeadState(stat.state) || isKernelThread(stat)) return true;
  if (length === 0 && !isKnownEmpty(stat)) return false;
  const { startTime, session, comm } = stat;
  const found = { pid, startTime, nonce, isSessionLeader: session === pid, environment, command: comm, session };
  if (nonce !== null) snapshot.carriers.push(found);
  else if (sessions) snapshot.others.push(found);
  return true;
}

/** Pid -> since when its environment shows as empty, and of which execve. */
const emptySince = new Map<number, { atMs: number; execve: string }>();

/** Whether it really has no variable: in the middle of execve a process looks the same for an instant. */
function isKnownEmpty({ pid, startTime, environBytes, environAt }: ProcStat): boolean {
  if (environBytes !== 0) return false;
  const execve = `${startTime} ${environAt}`;
  const known = emptySince.get(pid);
  if (known?.execve === execve) return performance.now() - known.atMs >= EMPTY_FOR_MS;
  emptySince.set(pid, { atMs: performance.now(), execve });
  return false;
}

/** Its environment is empty too. 2 is kthreadd, except in a pid namespace, where no kernel thread shows. */
function isKernelThread(stat: ProcStat): boolean {
  return stat.ppid === 2 || stat.comm === 'kthreadd';
}

/** Fills `environ`. @returns its length in bytes, or UNREADABLE: the process is gone, or we may not read it. */
function readEnviron(pid: number): number {
  return withFile(`/proc/${pid}/environ`, fillOrNothing) ?? UNREADABLE;
}

function fillOrNothing(fd: number): number {
  try {
    return fill(fd);
  } catch {
    return 0; // ESRCH: gone, as its stat will show; EIO: execve replaced this memory while we read
  }
}

function fill(fd: number): number {
  let length = 0;
  while (length < MAX_ENVIRON_BYTES) {
    if (length === environ.length) environ = Buffer.concat([environ], environ.length * 2);
    const read = readSync(fd, environ, length, environ.length - length, length);
    if (read === 0) break;
    length += read;
  }
  return length;
}

/** Value of the variable whose `NAME=` is given, in the first `length` bytes of `environ`. */
function variableAt(length: number, name: Buffer): string | null {
  for (let from = 0; ; ) {
    const at = environ.indexOf(name, from);
    if (at < 0 || at >= length) return null;
    if (at === 0 || environ[at - 1] === 0) {
      const end = environ.indexOf(0, at);
      return environ.toString('utf8', at + name.length, end < 0 || end > length ? length : end);
    }
    from = at + 1;
  }
}

/** PORT among them: which one was chosen, when the state is lost. */
function orchVariables(words: string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const word of words) {
    if (!word.startsWith('ORCH_') && !word.startsWith('PORT=')) continue;
    const at = word.indexOf('=');
    if (at > 0) found[word.slice(0, at)] = word.slice(at + 1);
  }
  return found;
}

function listByPs(): Promise<string> {
  const args = ['-A', '-ww', '-E', '-o', 'pid=,pgid=,stat=,lstart=,command='];
  const options = { maxBuffer: MAX_PS_BYTES, env: { ...process.env, LC_ALL: 'C' } };
  return new Promise((resolve, reject) => {
    execFile('ps', args, options, (error, stdout) => (error === null ? resolve(stdout) : reject(error)));
  });
}

/** @param text of `ps -E` with the fields above: command and environment follow each other without a mark */
export function parseProcessList(text: string): ProcessSnapshot {
  const found = text.split('\n').flatMap((line) => parseProcessLine(line) ?? []);
  return {
    carriers: found.filter((member) => member.nonce !== null),
    others: found.filter((member) => member.nonce === null),
  };
}

function parseProcessLine(line: string): ScannedProcess | null {
  const words = line.trim().split(/\s+/);
  const [pid, pgid, state] = words as [string, string, string];
  if (words.length < 9 || isDeadState(state.charAt(0))) return null;
  const environment = orchVariables(words);
  return {
    pid: Number(pid),
    startTime: words.slice(3, 8).join(' '),
    nonce: environment.ORCH_NONCE ?? null,
    isSessionLeader: pid === pgid,
    environment,
    command: words[8] as string,
    session: Number(pgid),
  };
}
