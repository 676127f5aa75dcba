// Starts the next supervisor when the connected one ends without a word: killed by the system (out of memory) or by hand.
// Everything it needs was sent by that supervisor and stays in memory: it may hold secrets.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { SuccessorStart } from '../writer-protocol.ts';

/** A supervisor that another command starts, or that replaces itself after a fault, connects within this time. */
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;
/** A supervisor that lived this long starts the delays over. */
const HEALTHY_AFTER_MS = 60_000;
/** This many in a row that never connected: orch or the project was removed, for example. */
const MAX_FAILURES = 10;
/** Exit code of a supervisor that another one kept from starting. */
const CONFLICT = 4;

export class SupervisorGuard<Peer> {
  readonly #logPath: string;
  #successor: SuccessorStart | null = null;
  /** The connection of the supervisor; null: it is gone. */
  #owner: Peer | null = null;
  #ownedSinceMs = 0;
  #timer: NodeJS.Timeout | null = null;
  #delayMs = FIRST_DELAY_MS;
  #failures = 0;

  /** @param logPath what a new supervisor prints goes there */
  constructor(logPath: string) {
    this.#logPath = logPath;
  }

  /** Whether a supervisor is to be started. */
  get isPending(): boolean {
    return this.#owner === null && this.#successor !== null;
  }

  /** A supervisor has connected. Until it says otherwise, it is replaced as the one before. */
  greet(peer: Peer): void {
    if (this.#owner !== null) return;
    this.#owner = peer;
    this.#ownedSinceMs = performance.now();
    this.#failures = 0;
    this.#cancel();
  }

  /** @param successor null: this supervisor is about to end on purpose */
  replaceBy(peer: Peer, successor: SuccessorStart | null): void {
    // Another supervisor has taken its place.
    if (successor === null && this.#owner !== null && this.#owner !== peer) return;
    this.#successor = successor;
    if (this.#owner === peer) return;
    this.#owner = peer;
    this.#ownedSinceMs = performance.now();
  }

  disconnected(peer: Peer): void {
    if (this.#owner !== peer) return;
    this.#owner = null;
    if (performance.now() - this.#ownedSinceMs > HEALTHY_AFTER_MS) this.#delayMs = FIRST_DELAY_MS;
    this.#startLater();
  }

  #startLater(): void {
    if (this.#successor === null || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#successor !== null && this.#owner === null) this.#start(this.#successor);
    }, this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, MAX_DELAY_MS);
  }

  #start({ command, args, cwd, env, message }: SuccessorStart): void {
    let log: number | 'ignore' = 'ignore';
    try {
      log = openSync(this.#logPath, 'a', 0o600);
    } catch {
      // no descriptor, or a full disk: a supervisor is worth more than its log
    }
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['pipe', log, log] });
    if (log !== 'ignore') closeSync(log);
    child.once('error', () => this.#failed()); // it could not be started
    child.once('exit', (code) => (code === CONFLICT ? this.#giveUp() : this.#failed()));
    child.stdin?.on('error', () => undefined); // it has just ended: `exit` follows
    child.stdin?.end(`${message}\n`);
    child.unref();
  }

  /** A supervisor that has connected is known by its connection. */
  #failed(): void {
    if (this.#owner !== null || this.#timer !== null) return;
    this.#failures++;
    if (this.#failures >= MAX_FAILURES) this.#giveUp();
    else this.#startLater();
  }

  #giveUp(): void {
    if (this.#owner === null) this.#successor = null;
  }

  #cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
