// The supervisor's own faults: after an uncaught exception its state cannot be trusted, so the process exits at once and a new
// one takes over, as after a kill -9. Instances notice nothing. Also parses the start message of stdin.
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import type { AppliedBy } from '../../api/protocol-edits.ts';
import type { FollowedRef } from '../../core/follow.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import type { SuccessorStart } from '../../logs/writer-protocol.ts';
import { releaseReserve } from '../../os/descriptor-reserve.ts';
import { errorText } from '../../os/errors.ts';
import type { KeptConfigs } from '../config/generations.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';

/** After more faults than this within the time, no new supervisor is started; instances keep running. */
const MAX_FAULTS = 5;
const FAULTS_WITHIN_MS = 60_000;
/** The successor must have read its message by then. */
const MESSAGE_TIMEOUT_MS = 5_000;
/** The successor waits this long for our lock. */
const SUCCESSOR_WAIT_MS = 10_000;

export type FaultRecovery = {
  /** supervisor.log: our stderr may be a nameless file, where the project had no state directory when we were started. */
  logPath: string;
  faults: readonly SupervisorFault[];
  successorMessage(): FirstMessage;
  /** The environment of the successor. */
  variables(): Record<string, string>;
  /** Stops all action: it could be wrong. `staysGuarded`: if this process is killed before its successor runs, another one comes. */
  freeze(staysGuarded: boolean): void;
};

/**
 * From now on, a fault starts a successor.
 * @returns whether one is being started: this process exits by itself, once the successor has read its message
 */
export function restartAfterFault(recovery: FaultRecovery): () => boolean {
  let isReplaced = false;
  process.on('uncaughtException', (error: unknown) => {
    if (isReplaced) return;
    isReplaced = true;
    const nowMs = Date.now();
    const recent = recovery.faults.filter(({ atMs }) => atMs > nowMs - FAULTS_WITHIN_MS);
    const faults = [...recent, { atMs: nowMs, message: errorText(error) }];
    const isGivenUp = faults.length > MAX_FAULTS;
    recovery.freeze(!isGivenUp);
    const outlook = isGivenUp ? 'instances are left alone; `orch up` starts a new one' : 'a new one takes over';
    logFault(recovery.logPath, error, outlook);
    if (isGivenUp) process.exit(1);
    startSuccessor({ ...recovery.successorMessage(), faults }, recovery.variables());
  });
  return () => isReplaced;
}

/** Reports why this supervisor follows another one. */
export function reportPredecessors(
  journal: SupervisorContext['journal'],
  { faults = [], revived = false }: FirstMessage,
): void {
  if (revived) {
    const message = 'The supervisor was killed (out of memory, or by hand), and a new one was started in its place.';
    journal.report({ type: 'supervisor_revived', instance: null, message });
  }
  const last = faults.at(-1);
  if (!last) return;
  const message = `The supervisor crashed (${last.message}) and was replaced by a new one; see supervisor.log.`;
  journal.report({ type: 'supervisor_replaced', instance: null, message, details: { faults: faults.length } });
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

function startSuccessor(message: FirstMessage, env: Record<string, string>): void {
  releaseReserve();
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    env,
    detached: true,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const exit = (): never => process.exit(1);
  child.once('error', exit);
  if (!child.stdin) return; // not started; `error` follows
  child.stdin.once('error', exit);
  child.stdin.end(`${JSON.stringify({ ...message, waitMs: SUCCESSOR_WAIT_MS })}\n`, exit);
  setTimeout(exit, MESSAGE_TIMEOUT_MS);
}

/**
 * How the log writer starts the next supervisor if this one is killed.
 *
 * @param variables of the last `up`. Null: `ORCH_RESPAWN=0` is among them, or everything is being stopped.
 */
export function startOfSuccessor(
  root: string,
  variables: Record<string, string>,
  message: FirstMessage,
): SuccessorStart | null {
  if (variables.ORCH_RESPAWN === '0' || message.accepted === null) return null;
  const args = [...process.execArgv, ...process.argv.slice(1)];
  const line = JSON.stringify({ ...message, revived: true } satisfies FirstMessage);
  return { command: process.execPath, args, cwd: root, env: variables, message: line };
}

/**
 * The first message on stdin, from `orch up`, `orch upgrade` or a crashed predecessor: one JSON object, then the end. Never a
 * file: a configuration may hold secrets.
 */
export type FirstMessage = {
  /** Null: stop what an earlier supervisor left running and exit (`orch down` without a supervisor). */
  accepted: AcceptedConfig | null;
  only: string[] | null;
  /** Refuse if an earlier supervisor, which was killed, ran another environment. */
  keepsEnvironment?: boolean;
  /** With `accepted: null`: after this, kill what is left; null or left out: each has its own grace period. */
  timeoutMs?: number | null;
  /** Absolute; replaces the file on our command line. */
  file?: string;
  /** The command that starts it is about to own it: if that command dies before it can say so, everything is stopped. */
  owned?: boolean;
  /** How long to wait for a predecessor that is exiting; default 0. */
  waitMs?: number;
  /** Each new commit of this ref is applied; null: of none any more; left out: as the supervisor before. */
  follow?: FollowedRef | null;
  /** Of its first generation; default: `up`, or `recovery` after a supervisor that was lost. */
  by?: AppliedBy;
  /** The configurations of earlier generations, for `orch rollback`. */
  earlier?: KeptConfigs;
  /** The log writer starts it in place of one that was killed. */
  revived?: boolean;
  /** Faults of the predecessors that led to this start; newest last. */
  faults?: SupervisorFault[];
};
export type SupervisorFault = { atMs: number; message: string };

/** @returns null when the client rejected the configuration and closed stdin. */
export async function readFirstMessage(): Promise<FirstMessage | null> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8').trim();
  return text === '' ? null : (JSON.parse(text) as FirstMessage);
}
