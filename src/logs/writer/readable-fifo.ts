// Tells when a FIFO has something, by epoll, so that an idle one costs no wake-up, and reads it. A net.Socket does that and
// much else: with two for every instance, most of the memory and most of the work of attaching went there. So where Node's
// insides are known, only the handle below the socket is made. Keeps no bytes.
import { closeSync, readSync } from 'node:fs';
import { Socket } from 'node:net';

export type FifoListener = {
  /** So many bytes are at the begin of the input, until this returns. */
  onBytes(length: number): void;
  /** No process holds the FIFO for writing any more, or it cannot be read. */
  onEnd(): void;
};

export type ReadableFifo = {
  pause(): void;
  resume(): void;
  /** Closes the descriptor too. */
  close(): void;
};

/** What a net.Socket on a FIFO has as `_handle`, as far as it is used here. Undocumented, hence `KNOWN_MAJORS`. */
type PipeHandle = {
  readonly bytesRead: number;
  onread: (this: PipeHandle) => void;
  /** Ours. */
  fifo: HandleFifo;
  /** An errno below 0 where it fails, else 0 or nothing. */
  open(fd: number): number | undefined;
  useUserBuffer(buffer: Buffer): void;
  readStart(): void;
  readStop(): void;
  close(): void;
};
type PipeClass = new (kind: number) => PipeHandle;

/** Versions of Node that the tests of the log writer passed on with light handles; others get sockets. */
const KNOWN_MAJORS: ReadonlySet<string> = new Set(['20', '22', '24']);
/** `constants.SOCKET` of Node's pipe_wrap: a pipe that is no server. */
const PLAIN_PIPE = 0;

/** Taken from the first socket: there is no public way to it. */
let pipeClass: PipeClass | null = null;

/**
 * Reads into `input`, which all FIFOs share, from now until `close`.
 * @param fd non-blocking; belongs to what is returned. Throws errno errors.
 */
export function readFifo(fd: number, input: Buffer, reader: FifoListener): ReadableFifo {
  if (pipeClass !== null) return new HandleFifo(new pipeClass(PLAIN_PIPE), fd, input, reader);
  const socket = openSocket(fd, input, reader);
  if (mayUseHandle()) pipeClass = pipeClassOf(socket);
  return { pause: () => socket.pause(), resume: () => socket.resume(), close: () => socket.destroy() };
}

class HandleFifo implements ReadableFifo {
  readonly #handle: PipeHandle;
  readonly #reader: FifoListener;
  readonly #fd: number;
  readonly #input: Buffer;
  #bytesRead = 0;

  constructor(handle: PipeHandle, fd: number, input: Buffer, reader: FifoListener) {
    this.#handle = handle;
    this.#fd = fd;
    this.#input = input;
    this.#reader = reader;
    const errno = handle.open(fd) ?? 0;
    if (errno < 0) {
      closeSync(fd);
      throw new Error(`cannot be watched (errno ${-errno})`);
    }
    // biome-ignore lint/correctness/useHookAtTopLevel: no hook of React, just a name that begins with `use`
    handle.useUserBuffer(input);
    handle.fifo = this;
    handle.onread = onHandleRead;
    handle.readStart();
  }

  pause(): void {
    this.#handle.readStop();
  }

  resume(): void {
    this.#handle.readStart();
  }

  close(): void {
    this.#handle.close();
  }

  /** How much was read is told to Node's own code only, but the handle counts. */
  onReadable(): void {
    const { bytesRead } = this.#handle;
    const length = bytesRead - this.#bytesRead;
    this.#bytesRead = bytesRead;
    if (length > 0) this.#reader.onBytes(length);
    else this.#readAfterEmptyWake();
  }

  /** The end, or somebody drained the FIFO right before: only a read can tell. */
  #readAfterEmptyWake(): void {
    let length: number;
    try {
      length = readSync(this.#fd, this.#input, 0, this.#input.length, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return;
      length = 0; // as little to be had as at the end
    }
    if (length > 0) this.#reader.onBytes(length);
    else this.#reader.onEnd();
  }
}

function onHandleRead(this: PipeHandle): void {
  this.fifo.onReadable();
}

function openSocket(fd: number, input: Buffer, reader: FifoListener): Socket {
  const callback = (length: number) => {
    reader.onBytes(length);
    return true;
  };
  // The option that makes Node read into our buffer instead of a fresh one is missing in the types of `new Socket`.
  const socket = new Socket({ fd, readable: true, writable: false, onread: { buffer: input, callback } } as never);
  socket.on('error', () => reader.onEnd());
  socket.on('end', () => reader.onEnd());
  return socket.resume();
}

/** `ORCH_LOG_FIFOS=socket` is for comparing and for the tests. */
function mayUseHandle(): boolean {
  const [major = ''] = process.versions.node.split('.');
  return KNOWN_MAJORS.has(major) && process.env.ORCH_LOG_FIFOS !== 'socket';
}

/** @returns null where the handle does not look as expected */
function pipeClassOf(socket: Socket): PipeClass | null {
  const handle = (socket as unknown as { _handle?: Partial<PipeHandle> | null })._handle;
  const methods = ['open', 'useUserBuffer', 'readStart', 'readStop', 'close'] as const;
  if (!handle || typeof handle.bytesRead !== 'number') return null;
  if (!methods.every((name) => typeof handle[name] === 'function')) return null;
  return handle.constructor as unknown as PipeClass;
}
