// What a supervisor is told on stdin when it is started: by `orch up`, by `orch upgrade`, or by its crashed predecessor.
// One JSON object, then the end. Never a file: a configuration may hold secrets.
import type { AcceptedConfig } from '../../core/model.ts';

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
  faults?: Fault[];
};
export type Fault = { atMs: number; message: string };

/** @returns null when the client closed stdin without a word: it found the configuration wanting and left. */
export async function readFirstMessage(): Promise<FirstMessage | null> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8').trim();
  return text === '' ? null : (JSON.parse(text) as FirstMessage);
}
