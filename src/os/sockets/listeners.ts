// Which sockets of this machine listen at an address, and whether a connection was accepted there. Linux only; elsewhere
// nothing is known. Knows nothing of processes: see socket-holders.ts.
import { readFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { hasProc } from '../platform.ts';
import { CLOSE_WAIT, ESTABLISHED, socketDiagnosis, type TcpSocket } from './socket-diagnosis.ts';

/** Where a connection has led to: an IP address, or an absolute path. */
export type Endpoint = { kind: 'tcp'; host: string; port: number } | { kind: 'unix'; path: string };
/** Our own end of a TCP connection. */
export type ClientEnd = { host: string; port: number };

export type Listener = {
  /** Of the socket; equal in every process that holds it. */
  inode: string;
  /** Of the process that created it; null: not known. */
  uid: number | null;
  /** A unix socket whose path is relative to a directory that is not known. */
  isRelative: boolean;
};

const LISTENING = '0A';
/** As NETLINK_SOCK_DIAG takes it. */
const ANY_PORT = 0;
const ANY_V4 = Buffer.alloc(4);
const ANY_V6 = Buffer.alloc(16);
const MAPPED_V4 = Buffer.from('00000000000000000000ffff', 'hex');

/**
 * The sockets that answer at an address: several only where they share it (SO_REUSEPORT), or where a path is relative.
 * Empty: none is known, as where the address is that of another machine or network namespace.
 */
export function listenersAt(endpoint: Endpoint): Listener[] {
  if (!hasProc) return [];
  if (endpoint.kind === 'unix') return unixListenersAt(endpoint.path);
  const address = bytesOf(endpoint.host);
  return address === null ? [] : answering(tcpListeners(endpoint.port), address);
}

/** Sockets that listen at a port, at whatever address. */
export function listenersOnPort(port: number): Listener[] {
  return hasProc ? tcpListeners(port).map(listenerOf) : [];
}

/** The inodes of all TCP sockets that listen now, and their ports. */
export function allListeners(): Map<string, number> {
  return new Map(hasProc ? tcpListeners(ANY_PORT).map(({ inode, port }) => [inode, port]) : []);
}

/** As the kernel chooses: an exact address before a wildcard, IPv4 before a socket of both families. */
function answering(sockets: TcpSocket[], address: Buffer): Listener[] {
  const mapped = address.length === 4 ? Buffer.concat([MAPPED_V4, address]) : address;
  const ranks = address.length === 4 ? [address, ANY_V4, mapped, ANY_V6] : [address, ANY_V6];
  for (const rank of ranks) {
    const found = sockets.filter((socket) => socket.address.equals(rank));
    if (found.length > 0) return found.map(listenerOf);
  }
  return [];
}

const listenerOf = ({ inode, uid }: TcpSocket): Listener => ({ inode, uid, isRelative: false });

function tcpListeners(port: number): TcpSocket[] {
  return socketDiagnosis()?.listeners(port) ?? [...readListeners('tcp', port), ...readListeners('tcp6', port)];
}

function readListeners(table: 'tcp' | 'tcp6', port: number): TcpSocket[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readTable(`/proc/net/${table}`).flatMap((line) => {
    const [, local = '', , state, , , , uid, , inode = ''] = line.trim().split(/\s+/);
    if (state !== LISTENING || (port !== ANY_PORT && !local.endsWith(suffix))) return [];
    // Words of 32 bits in the order of the machine: all machines that Node runs on are little-endian.
    const address = Buffer.from(local.slice(0, -suffix.length), 'hex').swap32();
    const family = address.length === 4 ? 4 : 6;
    const listening = Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16);
    return [{ family, address, port: listening, state: 10, inode, uid: Number(uid) } as const];
  });
}

function readTable(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').split('\n').slice(1);
  } catch {
    return []; // IPv6 is switched off, or no descriptor is left
  }
}

/** Open on both ends, or closed on ours only. */
const UNACCEPTED_STATES = new Set([ESTABLISHED, CLOSE_WAIT]);

/**
 * Whether a process has accepted this connection of ours, which may be closed by now; the kernel answers by itself before.
 * True also where the process has closed it again, and where that cannot be told.
 */
export function isAccepted({ host, port }: Extract<Endpoint, { kind: 'tcp' }>, client: ClientEnd): boolean {
  const [local, remote] = [bytesOf(host), bytesOf(client.host)];
  if (local === null || remote === null || local.length !== remote.length) return true;
  const found = socketDiagnosis()?.find({ local, localPort: port, remote, remotePort: client.port });
  const isWaiting = found?.inode === '0' && UNACCEPTED_STATES.has(found.state);
  return !isWaiting;
}

/** Flags of a socket that listens: __SO_ACCEPTCON of linux/net.h. */
const ACCEPTS = '00010000';
/** State of a connection that no process has accepted: SS_CONNECTING. */
const CONNECTING = '02';

type UnixRow = { inode: string; path: string; isListening: boolean; isWaiting: boolean };

function unixRowsAt(path: string): UnixRow[] {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return readTable('/proc/net/unix').flatMap((line) => {
    if (!line.endsWith(name)) return [];
    const [, , , flags, , state, inode = '', ...words] = line.split(/ +/);
    const bound = words.join(' ');
    const isThere = bound === path || /^[^/@]/.test(bound);
    const isWaiting = state === CONNECTING && inode === '0';
    return isThere ? [{ inode, path: bound, isListening: flags === ACCEPTS, isWaiting }] : [];
  });
}

function unixListenersAt(path: string): Listener[] {
  const rows = unixRowsAt(path).filter(({ isListening }) => isListening);
  return rows.map(({ inode, path: bound }) => ({ inode, uid: null, isRelative: !bound.startsWith('/') }));
}

/** How many connections to a unix socket no process has accepted yet. */
export function countWaiting(path: string): number {
  return hasProc ? unixRowsAt(path).filter(({ isWaiting }) => isWaiting).length : 0;
}

/** A connection to an address of this machine comes from that address, except from 127.0.0.0/8. */
export function isOnThisMachine(host: string, ownEnd: string): boolean {
  const address = withoutMapping(host);
  return address === withoutMapping(ownEnd) || address === '::1' || /^127\./.test(address);
}

const withoutMapping = (host: string): string => /^::ffff:([\d.]+)$/i.exec(host)?.[1] ?? host;

/** @returns 4 or 16 bytes; null for text that is not an IP address */
function bytesOf(text: string): Buffer | null {
  const [host = ''] = withoutMapping(text).split('%');
  if (isIPv4(host)) return Buffer.from(host.split('.').map(Number));
  if (!isIPv6(host)) return null;
  const [head = '', tail = ''] = host.split('::');
  const words = (part: string): string[] => (part === '' ? [] : part.split(':').flatMap(hexOf));
  const [before, after] = [words(head), words(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0000');
  return Buffer.from([...before, ...zeros, ...after].join(''), 'hex');
}

/** The last part of an IPv6 address may be written as an IPv4 address. */
function hexOf(part: string): string[] {
  if (!part.includes('.')) return [part.padStart(4, '0')];
  const hex = Buffer.from(part.split('.').map(Number)).toString('hex');
  return [hex.slice(0, 4), hex.slice(4)];
}
