// Asks the kernel about TCP sockets by NETLINK_SOCK_DIAG (sock_diag(7)): in microseconds, where reading /proc/net/tcp walks
// the hash table of all connections. Linux with koffi only; every caller works without it.
import { bindOnce, type CLibrary } from '../c-library.ts';

export type TcpSocket = { family: 4 | 6; address: Buffer; port: number; state: number; inode: string; uid: number };
/** The two ends of a connection as its server sees them: addresses of 4 or 16 bytes. */
export type TcpConnection = { local: Buffer; localPort: number; remote: Buffer; remotePort: number };

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2_000_000;
const NETLINK_SOCK_DIAG = 4;
const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_TCP = 6;
const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST = 1;
const NLM_F_DUMP = 0x300;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const MSG_DONTWAIT = 0x40;
const HEADER_BYTES = 16;
/** struct inet_diag_req_v2 and struct inet_diag_msg of linux/inet_diag.h. */
const REQUEST_BYTES = HEADER_BYTES + 56;
const MESSAGE_BYTES = 72;
/** States of enum tcp_state in net/tcp_states.h. */
export const ESTABLISHED = 1;
export const CLOSE_WAIT = 8;
const LISTEN_ONLY = 1 << 10;
const ALL_STATES = 0xffff_ffff;
const MAX_ANSWERS = 1_000;

export type SocketDiagnosis = NonNullable<ReturnType<typeof bind>>;

/** @returns null: not available here */
export const socketDiagnosis: () => SocketDiagnosis | null = bindOnce(bind);

function bind(libc: CLibrary) {
  const send = libc.func('int send(int, void *, size_t, int)');
  const receive = libc.func('int recv(int, void *, size_t, int)');
  const fd = libc.func('int socket(int, int, int)')(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG);
  const buffer = Buffer.alloc(32 * 1024);
  if (fd < 0) return null;
  let sequence = 0;

  /** @returns null: the kernel refused */
  const ask = (request: Buffer): TcpSocket[] | null => {
    request.writeUInt32LE(++sequence, 8);
    if (send(fd, request, request.length, 0) !== request.length) return null;
    const found: TcpSocket[] = [];
    for (let answers = 0; answers < MAX_ANSWERS; answers++) {
      const length = receive(fd, buffer, buffer.length, MSG_DONTWAIT);
      if (length <= 0) return null;
      const end = readMessages(buffer.subarray(0, length), sequence, found);
      if (end !== 'more') return end === 'done' ? found : null;
    }
    return null;
  };

  return {
    /** Sockets that listen at a port. */
    listeners: (port: number): TcpSocket[] | null => {
      const v4 = ask(requestOf(AF_INET, LISTEN_ONLY, port));
      return v4 && [...v4, ...(ask(requestOf(AF_INET6, LISTEN_ONLY, port)) ?? [])];
    },
    /** The server's end of a connection, or the socket that listens there where it has been closed. */
    find: (connection: TcpConnection): TcpSocket | null => ask(requestForOne(connection))?.[0] ?? null,
  };
}

function requestOf(family: number, states: number, port: number): Buffer {
  const request = Buffer.alloc(REQUEST_BYTES);
  request.writeUInt32LE(REQUEST_BYTES, 0);
  request.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4);
  request.writeUInt16LE(NLM_F_REQUEST | NLM_F_DUMP, 6);
  request.writeUInt8(family, 16);
  request.writeUInt8(IPPROTO_TCP, 17);
  request.writeUInt32LE(states, 20);
  request.writeUInt16BE(port, 24);
  return request;
}

function requestForOne({ local, localPort, remote, remotePort }: TcpConnection): Buffer {
  const request = requestOf(local.length === 4 ? AF_INET : AF_INET6, ALL_STATES, localPort);
  request.writeUInt16LE(NLM_F_REQUEST, 6);
  request.writeUInt16BE(remotePort, 26);
  local.copy(request, 28);
  remote.copy(request, 44);
  request.fill(0xff, 64, 72); // any cookie
  return request;
}

/** Adds what it reads to `found`. `done`: the last message of the answer. */
function readMessages(bytes: Buffer, sequence: number, found: TcpSocket[]): 'more' | 'done' | 'failed' {
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    const type = bytes.readUInt16LE(at + 4);
    const flags = bytes.readUInt16LE(at + 6);
    if (length < HEADER_BYTES) return 'failed';
    if (bytes.readUInt32LE(at + 8) === sequence) {
      if (type === NLMSG_DONE) return 'done';
      if (type === NLMSG_ERROR) return 'failed';
      if (type === SOCK_DIAG_BY_FAMILY && length >= HEADER_BYTES + MESSAGE_BYTES)
        found.push(socketOf(bytes.subarray(at + HEADER_BYTES)));
      // A request for one socket has one answer, without an end.
      if ((flags & MULTI) === 0) return 'done';
    }
    at += (length + 3) & ~3;
  }
  return 'more';
}

/** NLM_F_MULTI */
const MULTI = 2;

function socketOf(message: Buffer): TcpSocket {
  const family = message.readUInt8(0) === AF_INET ? 4 : 6;
  return {
    family,
    state: message.readUInt8(1),
    port: message.readUInt16BE(4),
    address: Buffer.from(message.subarray(8, family === 4 ? 12 : 24)),
    uid: message.readUInt32LE(64),
    inode: String(message.readUInt32LE(68)),
  };
}
