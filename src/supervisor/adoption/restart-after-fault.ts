// The supervisor's own faults: an exception that nobody caught leaves a state that nobody can trust, so the process ends at
// once and a new one takes over, as after a kill -9. Instances notice nothing. The reason is kept.

import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import type { AcceptedConfig } from '../../core/load-result.ts';
import { releaseReserve } from '../../os/descriptor-reserve.ts';
import { errorText } from '../../os/errors.ts';

/** More faults than this within the time: it would only go on, so it stays down; what runs is left alone. */
const MAX_FAULTS = 5;
const FAULTS_WITHIN_MS = 60_000;
/** For the successor to take its message. */
const MESSAGE_TIMEOUT_MS = 5_000;
/** For the successor to wait for our lock. */
const SUCCESSOR_WAIT_MS = 10_000;

export type FaultRecovery = {
  /** supervisor.log: our stderr may be a nameless file, where the project had no state directory when we were started. */
  logPath: string;
  faults: readonly SupervisorFault[];
  /** What the successor is to do. */
  successorMessage(): FirstMessage;
  /** Nothing more may be done: it could be wrong. */
  freeze(): void;
};

/** From now on a fault is followed by a successor. */
export function restartAfterFault(mortal: FaultRecovery): void {
  let isDying = false;
  process.on('uncaughtException', (error: unknown) => {
    if (isDying) return;
    isDying = true;
    mortal.freeze();
    const nowMs = Date.now();
    const recent = mortal.faults.filter(({ atMs }) => atMs > nowMs - FAULTS_WITHIN_MS);
    const faults = [...recent, { atMs: nowMs, message: errorText(error) }];
    const isHopeless = faults.length > MAX_FAULTS;
    logFault(
      mortal.logPath,
      error,
      isHopeless ? 'what runs is left alone; `orch up` starts a new one' : 'a new one takes over',
    );
    if (isHopeless) process.exit(1);
    startSuccessor({ ...mortal.successorMessage(), faults });
  });
}

function logFault(logPath: string, error: unknown, outlook: string): void {
  const what = error instanceof Error ? error.stack : String(error);
  const text = `${new Date().toISOString()} the supervisor has a fault, ${outlook}: ${what}\n`;
  try {
    appendFileSync(logPath, text, { mode: 0o600 });
  } catch {
    process.stderr.write(text); // a full disk, or no directory any more
  }
}

function startSuccessor(message: FirstMessage): void {
  releaseReserve();
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const leave = (): never => process.exit(1);
  child.once('error', leave);
  if (!child.stdin) return; // not started; `error` follows
  child.stdin.once('error', leave);
  child.stdin.end(`${JSON.stringify({ ...message, waitMs: SUCCESSOR_WAIT_MS })}\n`, leave);
  setTimeout(leave, MESSAGE_TIMEOUT_MS);
}

// What a supervisor is told on stdin when it is started: by `orch up`, by `orch upgrade`, or by its crashed predecessor.
// One JSON object, then the end. Never a file: a configuration may hold secrets.

export type FirstMessage = {
  /** Null: nothing is to run; stop what an earlier supervisor left and leave (`orch down` without a supervisor). */
  accepted: AcceptedConfig | null;
  only: string[] | null;
  /** With `accepted: null`: after this, kill what is left; null or left out: each has its own grace period. */
  timeoutMs?: number | null;
  /** Absolute; instead of the one on our command line, where another has been chosen since. */
  file?: string;
  /** The command that starts it is about to own it: if that command dies before it can say so, everything is stopped. */
  owned?: boolean;
  /** How long to wait for a predecessor that is just leaving; default 0. */
  waitMs?: number;
  /** Faults of predecessors that made them start this one; newest last. */
  faults?: SupervisorFault[];
};
export type SupervisorFault = { atMs: number; message: string };

/** @returns null when the client closed stdin without a word: it found the configuration wanting and left. */
export async function readFirstMessage(): Promise<FirstMessage | null> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8').trim();
  return text === '' ? null : (JSON.parse(text) as FirstMessage);
}
