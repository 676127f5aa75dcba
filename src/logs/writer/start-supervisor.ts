// Starts a supervisor as the one before described it, in a session of its own.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { SuccessorStart } from '../writer-protocol.ts';

/**
 * @param logPath what it prints goes there
 * @param onEnd called once, with its exit code; null: a signal ended it, or it could not be started
 */
export function startSupervisor(
  { command, args, cwd, env, message }: SuccessorStart,
  logPath: string,
  onEnd: (code: number | null) => void,
): void {
  let log: number | 'ignore' = 'ignore';
  try {
    log = openSync(logPath, 'a', 0o600);
  } catch {
    // no descriptor, or a full disk: a supervisor is worth more than its log
  }
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['pipe', log, log] });
  if (log !== 'ignore') closeSync(log);
  child.once('error', () => onEnd(null)); // it could not be started
  child.once('exit', onEnd);
  child.stdin?.on('error', () => undefined); // it has just ended: `exit` follows
  child.stdin?.end(`${message}\n`);
  child.unref();
}
