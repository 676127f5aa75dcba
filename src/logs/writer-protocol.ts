// The protocol of supervisor and log writer: JSON lines on a unix socket, handled in the order sent. Types only.

import type { LogQueueStatus } from '../api/protocol.ts';
import type { LogQueueSpec } from '../core/log-queue-spec.ts';
import type { StreamCode } from './line-format.ts';

/** A writer with another number is asked to exit; the next one takes over the FIFOs. */
export const LOG_PROTOCOL = 4;
export const MAX_LOG_FRAME_BYTES = 8 * 1024 * 1024;

/** The two FIFOs of an instance, or of a command that runs for it (`api.1:before_start`), and the queues they fill. */
export type InstanceFifos = {
  instance: string;
  service: string;
  queue: string;
  /** Of stderr; missing: the same. */
  errQueue?: string;
  outPath: string;
  errPath: string;
};

/** Patterns to look for in the output of one incarnation. */
export type LineExpectation = { instance: string; nonce: string; patterns: string[] };

/** `type` is past tense and stable: `log_blocked`, `log_resumed`, … */
export type WriterEvent = {
  type: string;
  queue: string | null;
  instance: string | null;
  /** A sentence for people. */
  message: string;
  details: Record<string, unknown>;
};

/** A line without its newline so far. */
export type UnfinishedLine = {
  queue: string;
  service: string;
  instance: string;
  stream: StreamCode;
  /** Time of its first bytes, milliseconds since the epoch: the finished line has a later one, the line before has not. */
  begunMs: number;
  /** Its start, 4 KiB at most; of a line that overwrites itself with carriage returns, the start of the last state. */
  text: string;
};

/** How the next supervisor is started if this one is killed. `message`: the line for its stdin. Never written to a file. */
export type SuccessorStart = {
  command: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  message: string;
};

/** method -> [params, result] */
export type WriterMethods = {
  hello: [{ protocol: number }, { protocol: number; pid: number }];
  configure: [{ queues: LogQueueSpec[] }, Record<string, never>];
  attach: [{ sources: InstanceFifos[] }, { failed: { instance: string; message: string }[] }];
  /** `tail`: the end of what a command printed (`api.1:before_start`); '' for an instance; absent from older writers. */
  endOfOutput: [{ instance: string; deadlineMs: number }, { drained: boolean; tail?: string }];
  /** Lines to look for in the output of an incarnation from now on; each is reported once as the event `line_matched`. */
  expect: [LineExpectation, Record<string, never>];
  detach: [{ instances: string[] }, Record<string, never>];
  /** The service that the queue feeds starts to read. */
  openSink: [{ queue: string; service: string }, Record<string, never>];
  /** Gives it all that the queue holds, then ends its input; later lines wait for `openSink`. `drained`: false at the deadline. */
  closeSink: [{ queue: string; service: string; deadlineMs: number }, { drained: boolean }];
  /** Null: the supervisor is about to end on purpose. */
  successor: [{ successor: SuccessorStart | null }, Record<string, never>];
  stats: [Record<string, never>, { queues: LogQueueStatus[] }];
  /** For readers, which may not know the protocol's number: they send no `hello`. */
  unfinished: [Record<string, never>, { lines: UnfinishedLine[] }];
  /** Never answered; each event `{id, event: UnfinishedLine}` is a line that began or grew. */
  watchUnfinished: [Record<string, never>, never];
  rotate: [{ queues: string[] }, { rotated: string[] }];
  /** Drains every FIFO, flushes, exits. `flushed`: false at the deadline. */
  shutdown: [{ deadlineMs: number }, { flushed: boolean }];
};

export type WriterMethod = keyof WriterMethods;
export type WriterRequest = {
  [M in WriterMethod]: { id: number; method: M; params: WriterMethods[M][0] };
}[WriterMethod];
export type WriterReply = { id: number; result: unknown } | { id: number; error: string } | { event: WriterEvent };
