// Is a supervisor there? Waits until one is gone, finds the one that replaces it, and what a killed one left behind.
// It only looks and never signals a process.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, ClientError, connect } from '../../api/client.ts';
import { type ProjectPaths, projectMarks } from '../../api/paths.ts';
import type { LeftBehind } from '../../api/protocol.ts';
import { processExists } from '../../api/recorded-places.ts';

/** It is gone a few milliseconds after its last answer. */
const GONE_POLL_MS = 2;
const GONE_PATIENCE_MS = 5000;

/**
 * The socket of a supervisor closes a moment before its process is gone, and `down` promises that nothing is left when it
 * returns. Returns after 5 s in any case.
 */
export async function untilGone(pid: number): Promise<void> {
  for (const startMs = performance.now(); isAlive(pid) && performance.now() - startMs < GONE_PATIENCE_MS; ) {
    await pause(GONE_POLL_MS);
  }
}

const isAlive = (pid: number): boolean => processExists(pid) && !isZombie(pid);

/** A zombie may never be reaped: in a container without an init. proc(5): the state follows the last `)`. */
function isZombie(pid: number): boolean {
  const stat = readProc(`${pid}/stat`);
  return stat[stat.lastIndexOf(')') + 2] === 'Z';
}

/**
 * Lets another supervisor take its place. One that is too old to hand over is killed: the next one then adopts as after a
 * crash.
 * @returns what it leaves to the next one; nothing is known of one that was killed
 */
export async function endSupervisor(client: Client): Promise<Partial<LeftBehind>> {
  const { pid } = await client.request('hello', {});
  const left = await client.request('handOver', {}).catch((error: unknown) => {
    if (!(error instanceof ClientError) || error.wire.code !== 'usage') throw error;
    process.kill(pid, 'SIGKILL');
    return null;
  });
  await client.closed;
  await untilGone(pid);
  return left ?? {};
}

const SUCCESSOR_POLL_MS = 50;
/** A supervisor takes over within a second, on a slow machine in two. */
const SUCCESSOR_PATIENCE_MS = 3000;

/**
 * Another supervisor may take over: after `orch upgrade`, or after a crash.
 * @param hasUserLeft true ends the search
 * @returns the connection to it and its pid; null if none appears in time
 */
export async function findSuccessor(
  paths: ProjectPaths,
  hasUserLeft: () => boolean,
): Promise<{ client: Client; pid: number } | null> {
  for (const startMs = performance.now(); performance.now() - startMs < SUCCESSOR_PATIENCE_MS && !hasUserLeft(); ) {
    const client = await connect(paths).catch(() => null); // not yet
    const hello = client && (await client.request('hello', {}).catch(() => null)); // this one exits as well
    if (client && hello) return { client, pid: hello.pid };
    client?.close();
    await pause(SUCCESSOR_POLL_MS);
  }
  return null;
}

/**
 * Only valid if no supervisor answers: whether a killed one left processes or state. One that went down properly leaves no
 * state behind.
 */
export const hasOrphanedState = (paths: ProjectPaths): boolean =>
  existsSync(paths.stateFile) || hasOrphanProcesses(paths);

/** @returns false also on a system without /proc. */
const hasOrphanProcesses = (paths: ProjectPaths): boolean => orphanProcesses(paths).length > 0;

/** Pids of the processes that carry a mark of the project. */
export function orphanProcesses(paths: ProjectPaths): string[] {
  const marks = projectMarks(paths).map((prefix) => `\0ORCH_NONCE=${prefix}`);
  return listPids().filter((pid) => {
    const environment = `\0${readProc(`${pid}/environ`)}`;
    return marks.some((mark) => environment.includes(mark));
  });
}

function listPids(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  } catch {
    return []; // no /proc on this system
  }
}

/** @returns '' without /proc, after the end of the process, or for a process of another user. */
function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch {
    return ''; // see above
  }
}
