// Runs a program in the caller's terminal and reports how it ended. What is typed goes to the program, Ctrl-C included.
import { type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Exit } from '../core/slot.ts';
import { errnoOf } from '../os/errors.ts';
import { exitOfNode } from '../os/spawn/reaper.ts';
import { explainSpawnFailure } from '../os/spawn/spawn-failure.ts';
import type { InstanceLaunch } from './environment.ts';

/** The terminal sends them to its whole foreground group, and so to the program. */
const OF_THE_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGHUP'];
const FORWARDED: readonly NodeJS.Signals[] = [...OF_THE_TERMINAL, 'SIGTERM', 'SIGUSR1', 'SIGUSR2'];

export type ForegroundRun = {
  /** Null: it could not be started. */
  pid: number | null;
  ended: Promise<Exit>;
};

/**
 * In the process group of this process, with its input, output and error. Resolves once the program runs, or cannot.
 * @param options `withChannel`: it may send messages by Node's IPC, which are ignored
 */
export async function runInForeground(
  launch: InstanceLaunch,
  { withChannel }: { withChannel: boolean },
): Promise<ForegroundRun> {
  const { file, args, cwd, env } = launch;
  const stopForwarding = forwardSignals((signal) => void child.kill(signal));
  const stdio: StdioOptions = ['inherit', 'inherit', 'inherit', ...(withChannel ? (['ipc'] as const) : [])];
  const child = spawn(file, args, { cwd, env, stdio });
  child.channel?.unref(); // what the program left behind may still have it
  const ended = once(child, 'exit').then(([code, signal]) => exitOfNode(code, signal));
  const started = once(child, 'spawn').then(
    () => null,
    (error: unknown): Exit => {
      const errno = errnoOf(error);
      return { spawnError: errno, detail: explainSpawnFailure(launch, errno) };
    },
  );
  const failure = await started;
  if (failure === null) return { pid: child.pid!, ended: ended.finally(stopForwarding) };
  ended.catch(() => undefined); // the same error
  stopForwarding();
  return { pid: null, ended: Promise.resolve(failure) };
}

/** @returns the function that restores the default effect of the signals */
function forwardSignals(send: (signal: NodeJS.Signals) => void): () => void {
  const listener = (signal: NodeJS.Signals): void => {
    if (!OF_THE_TERMINAL.includes(signal) || !isInForeground()) send(signal);
  };
  for (const signal of FORWARDED) process.on(signal, listener);
  return () => {
    for (const signal of FORWARDED) process.removeListener(signal, listener);
  };
}

/** Whether this process is in the group that gets the signals of its terminal. */
function isInForeground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    // proc(5): after `comm` come state, ppid, pgrp, session, tty_nr, tpgid.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[2] === fields[5];
  } catch {
    return isatty(0); // no /proc
  }
}
