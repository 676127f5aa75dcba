// What the supervisor and the channel keeper say to each other: a JSON value per line. The first line of a connection says
// whose it is. A keeper of an earlier version keeps running while programs use it: lines are only added.

/** `channel`: the connection is the IPC channel of a program, and what follows comes from that program. */
export type FirstLine = { channel: string; expect: string[] } | { supervisor: true };

export type KeeperRequest =
  /** Answered by `sent`. */
  | { id: number; send: string; message: string }
  /** Replaces the messages that are waited for. */
  | { expect: string; messages: string[] }
  /** The program has ended. */
  | { forget: string }
  /** Nothing uses a channel any more. */
  | { leave: true };

export type KeeperReport =
  /** False: the program has closed its end, or the channel is not known. */
  | { id: number; sent: boolean }
  /** The first of its kind, of those that are waited for. */
  | { channel: string; received: string }
  /** Once for each channel. */
  | { channel: string; tooLong: true };
