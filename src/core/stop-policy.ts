// How an instance is stopped, as declared (`stop`). Plain serialisable data.
import type { Command, InstanceTemplate } from './command.ts';

export type StopPolicy = {
  /** A name such as `SIGTERM`. */
  signal: string;
  /** Target of the signals: the main process, which ends its children itself, or the whole tree at once. What is left of the
   * tree once the main process has ended gets the signal in both cases. */
  to: 'main' | 'tree';
  /** From the first signal to SIGKILL. */
  graceMs: number;
  /** Run instead of the first signal; null: the signal. */
  command: Command | null;
  /** Sent to the program by Node's IPC instead of the first signal, as a string. */
  message?: string;
  /** Further signals on the way to SIGKILL, each after a pause since the step before; together within `graceMs`. */
  escalate: { signal: string; afterMs: number }[];
  /** Before the first signal; null: stopped at once. */
  drain: DrainPolicy | null;
};

/** How an instance is asked to take no new work, and how long it may take to finish what it has. */
export type DrainPolicy = { by: DrainMethod; timeoutMs: number };
export type DrainMethod =
  /** Drained when the process ends by itself. */
  | { kind: 'signal'; signal: string }
  /** A POST; drained when it is answered. */
  | { kind: 'http'; url: InstanceTemplate }
  /** Drained when the command ends. */
  | { kind: 'exec'; command: Command }
  /** Only where it is not wanted any more: the log queue that it reads is written to the end, then its input ends. Drained
   * when the process ends by itself. */
  | { kind: 'end_of_input'; queue: string };
