// Reads a FIFO whenever it has bytes, by epoll, so that an idle FIFO costs no wake-up. A net.Socket does that too, but two for
// each instance take most of the memory and of the time to attach. So for known versions of Node only the handle below the
// socket is created. Keeps no bytes.
import { closeSync, readSync } from 'node:fs';
import { Socket } from 'node:net';

export type FifoListener = {
  /** The first `length` bytes of the input were read; they are valid until this returns. */
  onBytes(length: number): void;
  /** No process has the FIFO open for writing any more, or it cannot be read. */
  onEnd(): void;
};

export type ReadableFifo = {
  pause(): void;
  resume(): void;
  /** Closes the descriptor too. */
  close(): void;
};

/** The `_handle` of a net.Socket on a FIFO, as far as it is used here. Undocumented, hence `KNOWN_MAJORS`. */
type PipeHandle = {
  readonly bytesRead: number;
  onread: (this: PipeHandle) => void;
  /** Set here. */
  fifo: HandleFifo;
  /** Returns a negative errno if it fails, else 0 or undefined. */
  open(fd: number): number | undefined;
  useUserBuffer(buffer: Buffer): void;
  readStart(): void;
  readStop(): void;
  close(): void;
};
type PipeClass = new (kind: number) => PipeHandle;

/** Versions of Node on which the tests of the log writer pass with handles; others use sockets. */
const KNOWN_MAJORS: ReadonlySet<string> = new Set(['20', '22', '24']);
/** `constants.SOCKET` of Node's pipe_wrap: a pipe that is not a server. */
const PLAIN_PIPE = 0;

/** Taken from the first socket: it has no public name. */
let pipeClass: PipeClass | null = null;

/**
 * Reads into `input`, which all FIFOs share, from now until `close`. Throws errno errors.
 * @param fd non-blocking; closed with the FIFO
 */
export function readFifo(fd: number, input: Buffer, listener: FifoListener): ReadableFifo {
  if (pipeClass !== null) return new HandleFifo(new pipeClass(PLAIN_PIPE), fd, input, listener);
  const socket = openSocket(fd, input, listener);
  if (mayUseHandle()) pipeClass = pipeClassOf(socket);
  return { pause: () => socket.pause(), resume: () => socket.resume(), close: () => socket.destroy() };
}

class HandleFifo implements ReadableFifo {
  readonly #handle: PipeHandle;
  readonly #listener: FifoListener;
  readonly #fd: number;
  readonly #input: Buffer;
  #bytesRead = 0;

  constructor(handle: PipeHandle, fd: number, input: Buffer, listener: FifoListener) {
    this.#handle = handle;
    this.#fd = fd;
    this.#input = input;
    this.#listener = listener;
    const errno = handle.open(fd) ?? 0;
    if (errno < 0) {
      closeSync(fd);
      throw new Error(`cannot be watched (errno ${-errno})`);
    }
    // biome-ignore lint/correctness/useHookAtTopLevel: not a React hook, only a name that starts with `use`
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

  /** Node passes the length of a read to its own code only, but the handle counts bytes. */
  onReadable(): void {
    const { bytesRead } = this.#handle;
    const length = bytesRead - this.#bytesRead;
    this.#bytesRead = bytesRead;
    if (length > 0) this.#listener.onBytes(length);
    else this.#readAfterEmptyWake();
  }

  /** The FIFO is at its end, or was drained right before: only a read can tell. */
  #readAfterEmptyWake(): void {
    const length = readAvailable(this.#fd, this.#input);
    if (length === null) return;
    if (length > 0) this.#listener.onBytes(length);
    else this.#listener.onEnd();
  }
}

/** @returns 0 at the end or after an error; null: there is nothing to read now */
export function readAvailable(fd: number, input: Buffer): number | null {
  try {
    return readSync(fd, input, 0, input.length, null);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? null : 0;
  }
}

function onHandleRead(this: PipeHandle): void {
  this.fifo.onReadable();
}

function openSocket(fd: number, input: Buffer, listener: FifoListener): Socket {
  const callback = (length: number) => {
    listener.onBytes(length);
    return true;
  };
  // `onread` makes Node read into this buffer instead of a new one; the types of `new Socket` lack it.
  const socket = new Socket({ fd, readable: true, writable: false, onread: { buffer: input, callback } } as never);
  socket.on('error', () => listener.onEnd());
  socket.on('end', () => listener.onEnd());
  return socket.resume();
}

/** `ORCH_LOG_FIFOS=socket` is for comparisons and for tests. */
function mayUseHandle(): boolean {
  const [major = ''] = process.versions.node.split('.');
  return KNOWN_MAJORS.has(major) && process.env.ORCH_LOG_FIFOS !== 'socket';
}

/** @returns null: the handle does not have the expected shape */
function pipeClassOf(socket: Socket): PipeClass | null {
  const handle = (socket as unknown as { _handle?: Partial<PipeHandle> | null })._handle;
  const methods = ['open', 'useUserBuffer', 'readStart', 'readStop', 'close'] as const;
  if (!handle || typeof handle.bytesRead !== 'number') return null;
  if (!methods.every((name) => typeof handle[name] === 'function')) return null;
  return handle.constructor as unknown as PipeClass;
}
