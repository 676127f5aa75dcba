// The parts of Node that pass descriptors between processes that are not parent and child: only its own IPC uses them, and
// they are not documented. Callers must work without them where they are missing.
import 'node:net'; // a received descriptor becomes an object of this module: unloaded, the process would be aborted

export type SocketHandle = { fd: number; close(): void };
export type IpcPipe = SocketHandle & {
  open(fd: number): number;
  bind(path: string): number;
  listen(backlog: number): number;
  connect(request: object, path: string): number;
  readStart(): number;
  writeUtf8String(request: object, text: string, handle?: SocketHandle): number;
  unref(): void;
  onconnection: (status: number, client: IpcPipe) => void;
  /** `undefined`: the other end is gone. */
  onread: (this: IpcPipe, bytes: ArrayBuffer | undefined) => void;
  pendingHandle?: SocketHandle | null;
};
export type NodeBindings = {
  newPipe(kind: 'SOCKET' | 'SERVER' | 'IPC'): IpcPipe;
  /** Wraps a descriptor, so that it can be sent. */
  adopt(fd: number, kind: 'tcp' | 'unix'): SocketHandle;
  newWrite(): { oncomplete: (status: number) => void };
  newConnect(): { oncomplete: (status: number) => void };
};

// biome-ignore lint/suspicious/noExplicitAny: undocumented
type InternalBinding = (name: string) => Record<string, any>;

/** @throws where this Node does not have them */
export function loadNodeBindings(): NodeBindings {
  const binding = (process as unknown as { binding: InternalBinding }).binding.bind(process);
  const { Pipe, PipeConnectWrap, constants } = binding('pipe_wrap');
  const { TCP, constants: tcp } = binding('tcp_wrap');
  const { WriteWrap } = binding('stream_wrap');
  return {
    newPipe: (kind) => new Pipe(constants[kind]) as IpcPipe,
    adopt: (fd, kind) => {
      const handle = kind === 'tcp' ? new TCP(tcp.SOCKET) : new Pipe(constants.SOCKET);
      if (handle.open(fd) !== 0) throw new Error(`descriptor ${fd} is not a socket`);
      return handle as SocketHandle;
    },
    newWrite: () => new WriteWrap(),
    newConnect: () => new PipeConnectWrap(),
  };
}
