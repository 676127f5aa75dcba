// The lines that have no newline yet, as the log writer knows them: files hold whole lines only. Without a log writer, or with
// one of an older version, there are none.
import { connect } from 'node:net';
import { RpcClient } from '../../rpc/rpc-client.ts';
import { splitSource } from '../line-format.ts';
import { settlesWithin } from '../settles-within.ts';
import { MAX_LOG_FRAME_BYTES, type UnfinishedLine, type WriterMethods } from '../writer-protocol.ts';
import { type LogLine, streamOf } from './log-line.ts';

/** `timeMs` is when it began. */
export type UnfinishedLogLine = LogLine & { unfinished: true };

export type UnfinishedSelection = {
  /** The log writer's socket. */
  socket: string;
  /** Names of queues. */
  queues: ReadonlySet<string>;
  passes(line: LogLine): boolean;
};

const ANSWER_WITHIN_MS = 250;
const RECONNECT_MS = 1000;

/** The present ones, oldest first. */
export async function readUnfinished(selection: UnfinishedSelection): Promise<UnfinishedLogLine[]> {
  let lines: UnfinishedLine[] = [];
  const rpc = await connectTo(selection.socket, () => undefined);
  if (rpc === null) return [];
  const answered = rpc.send('unfinished', {}).done.then((result) => {
    lines = (result as WriterMethods['unfinished'][1]).lines;
  });
  await settlesWithin(answered, ANSWER_WITHIN_MS); // a writer that hangs in a write does not answer
  rpc.close('the answer came');
  return selected(selection, lines).sort((a, b) => a.timeMs - b.timeMs);
}

/** Follows them. A line is current until `finishedBy` gets a later line of its stream. */
export class UnfinishedFollower {
  readonly #selection: UnfinishedSelection;
  readonly #onChange: () => void;
  /** By stream; the one that began last is the last. */
  readonly #current = new Map<string, UnfinishedLogLine>();
  /** Time of the newest line of each stream. */
  readonly #lastMs = new Map<string, number>();
  #rpc: RpcClient | null = null;
  #isClosed = false;
  #timer: NodeJS.Timeout | null = null;

  /** @param onChange a line began or grew */
  constructor(selection: UnfinishedSelection, onChange: () => void) {
    this.#selection = selection;
    this.#onChange = onChange;
    void this.#connect();
  }

  get current(): UnfinishedLogLine[] {
    return [...this.#current.values()];
  }

  /** Call it before these lines, read from the files, are shown. */
  finishedBy(lines: readonly LogLine[]): void {
    for (const line of lines) {
      const key = streamOf(line);
      this.#lastMs.set(key, line.timeMs);
      if (line.timeMs > (this.#current.get(key)?.timeMs ?? Number.POSITIVE_INFINITY)) this.#current.delete(key);
    }
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#rpc?.abandon('the reader is closed');
  }

  async #connect(): Promise<void> {
    const rpc = await connectTo(this.#selection.socket, () => this.#reconnectLater());
    if (this.#isClosed) return void rpc?.abandon('the reader is closed');
    if (rpc === null) return this.#reconnectLater();
    this.#rpc = rpc;
    const watching = rpc.send('watchUnfinished', {}, (event) => this.#changed(event as UnfinishedLine));
    watching.done.catch(() => {
      if (!rpc.isOpen()) return; // it ended: `onClose` connects again
      this.close(); // an older version, which does not know this request
    });
  }

  #reconnectLater(): void {
    this.#current.clear(); // the next writer skips the rest of these lines
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#connect(), RECONNECT_MS);
  }

  #changed(unfinished: UnfinishedLine): void {
    for (const line of selected(this.#selection, [unfinished])) {
      const key = streamOf(line);
      if ((this.#lastMs.get(key) ?? 0) > line.timeMs) continue; // its end was faster in the file
      this.#current.set(key, line);
      this.#onChange();
    }
  }
}

function selected({ queues, passes }: UnfinishedSelection, lines: UnfinishedLine[]): UnfinishedLogLine[] {
  return lines
    .filter(({ queue }) => queues.has(queue))
    .map(({ service, instance, stream, begunMs, text }): UnfinishedLogLine => {
      return { timeMs: begunMs, service, ...splitSource(instance), stream, line: text, unfinished: true };
    })
    .filter(passes);
}

/** @returns null: no log writer runs */
function connectTo(path: string, onClose: () => void): Promise<RpcClient | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('error', () => resolve(null));
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(
        new RpcClient(socket, {
          maxFrameBytes: MAX_LOG_FRAME_BYTES,
          peer: 'the log writer',
          endedText: 'the log writer ended',
          toError: (error) => new Error(typeof error === 'string' ? error : error.message),
          onEvent: () => undefined, // for supervisors
          onClose,
        }),
      );
    });
  });
}
