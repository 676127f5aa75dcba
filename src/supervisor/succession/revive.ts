// The supervisor's own faults: an exception that nobody caught leaves a state that nobody can trust, so the process ends at
// once and a new one takes over, as after a kill -9. Instances notice nothing. The reason is kept.
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { letGoOfReserve } from '../../runtime/spare-file.ts';
import { errorText } from '../error-text.ts';
import type { Fault, FirstMessage } from './first-message.ts';

/** More faults than this within the time: it would only go on, so it stays down; what runs is left alone. */
const MAX_FAULTS = 5;
const FAULTS_WITHIN_MS = 60_000;
/** For the successor to take its message. */
const FAREWELL_MS = 5_000;
/** For the successor to wait for our lock. */
const SUCCESSION_MS = 10_000;

export type Mortal = {
  /** supervisor.log: our stderr may be a nameless file, where the project had no state directory when we were started. */
  logPath: string;
  faults: readonly Fault[];
  /** What the successor is to do. */
  legacy(): FirstMessage;
  /** Nothing more may be done: it could be wrong. */
  freeze(): void;
};

/** From now on a fault is followed by a successor. */
export function reviveAfterFault(mortal: Mortal): void {
  let isDying = false;
  process.on('uncaughtException', (error: unknown) => {
    if (isDying) return;
    isDying = true;
    mortal.freeze();
    const nowMs = Date.now();
    const recent = mortal.faults.filter(({ atMs }) => atMs > nowMs - FAULTS_WITHIN_MS);
    const faults = [...recent, { atMs: nowMs, message: errorText(error) }];
    const isHopeless = faults.length > MAX_FAULTS;
    note(
      mortal.logPath,
      error,
      isHopeless ? 'what runs is left alone; `orch up` starts a new one' : 'a new one takes over',
    );
    if (isHopeless) process.exit(1);
    startSuccessor({ ...mortal.legacy(), faults });
  });
}

function note(logPath: string, error: unknown, outlook: string): void {
  const what = error instanceof Error ? error.stack : String(error);
  const text = `${new Date().toISOString()} the supervisor has a fault, ${outlook}: ${what}\n`;
  try {
    appendFileSync(logPath, text, { mode: 0o600 });
  } catch {
    process.stderr.write(text); // a full disk, or no directory any more
  }
}

function startSuccessor(message: FirstMessage): void {
  letGoOfReserve();
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const leave = (): never => process.exit(1);
  child.once('error', leave);
  if (!child.stdin) return; // not started; `error` follows
  child.stdin.once('error', leave);
  child.stdin.end(`${JSON.stringify({ ...message, waitMs: SUCCESSION_MS })}\n`, leave);
  setTimeout(leave, FAREWELL_MS);
}
