// Entry of the channel keeper: a process that holds our ends of the IPC channels of programs, so that no program sees its
// channel end when the supervisor is killed. Usage: channel-keeper.cjs PATH STATE. Decides nothing about instances.
import { existsSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { FirstLine, KeeperReport, KeeperRequest } from './keeper-protocol.ts';
import { MessageLines } from './message-lines.ts';

type Channel = {
  /** Null: the program has closed its end. A supervisor that is just dying may have got what it sent before, without effect. */
  socket: Socket | null;
  expected: Set<string>;
  received: Set<string>;
};

const CHECK_EVERY_MS = 1_000;
/** Checks without a channel and without a supervisor. */
const MAX_UNUSED_CHECKS = 10;
/** Of programs that closed their end; supervisors forget them one by one. */
const MAX_CLOSED_CHANNELS = 10_000;
/** A string in JSON begins with it; no other message is waited for. */
const QUOTE = 0x22;

const [path = '', state = ''] = process.argv.slice(2);
const channels = new Map<string, Channel>();
const supervisors = new Set<Socket>();
/** Referenced: closing one removes whatever is at the path. */
const servers: Server[] = [];

for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
let ownIdentity: string | null = null;
let unusedChecks = 0;
listen();
setInterval(check, CHECK_EVERY_MS);

function listen(): void {
  rmSync(path, { force: true });
  const server = createServer(accept);
  servers.push(server);
  server.on('error', () => process.exit(1));
  const mask = process.umask(0o177);
  server.listen(path, () => {
    ownIdentity = socketIdentity();
  });
  process.umask(mask);
}

/** @returns an identity that differs for another socket at the path */
function socketIdentity(): string | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.ino} ${stat.birthtimeMs}` : null;
}

/** `.orch` may be removed, and created again by a supervisor, which then has a state and needs to find us. */
function check(): void {
  const isUsed = supervisors.size > 0 || [...channels.values()].some(({ socket }) => socket !== null);
  unusedChecks = isUsed ? 0 : unusedChecks + 1;
  if (unusedChecks > MAX_UNUSED_CHECKS) leave();
  if (socketIdentity() === null && existsSync(state)) listen();
}

/** The socket of another keeper stays. */
function leave(): never {
  if (socketIdentity() === ownIdentity) rmSync(path, { force: true });
  process.exit(0);
}

function accept(socket: Socket): void {
  const lines = new MessageLines();
  let onLine = (line: Buffer): void => {
    onLine = begin(socket, line);
  };
  let isTooLongReported = false;
  socket.on('error', () => undefined); // `close` follows
  socket.on('data', (chunk) => {
    const isTooLong = lines.push(chunk, (line) => onLine(line));
    if (!isTooLong || isTooLongReported) return;
    isTooLongReported = true;
    for (const [channel, { socket: end }] of channels) if (end === socket) report({ channel, tooLong: true });
  });
}

/** @returns what to do with the further lines of the connection */
function begin(socket: Socket, line: Buffer): (line: Buffer) => void {
  const first = parseMap(line) as FirstLine | null;
  if (first && 'channel' in first) return beginChannel(socket, first.channel, first.expect);
  if (first && 'supervisor' in first) return beginSupervisor(socket);
  socket.destroy(); // not of this protocol
  return () => undefined;
}

function beginChannel(socket: Socket, name: string, expected: string[]): (line: Buffer) => void {
  const channel: Channel = { socket, expected: new Set(expected), received: new Set() };
  channels.set(name, channel);
  socket.on('close', () => {
    channel.socket = null;
    if (channel.received.size === 0) channels.delete(name);
    else forgetOldest();
  });
  return (line) => {
    const message = line[0] === QUOTE ? parse(line) : null;
    if (typeof message !== 'string' || !channel.expected.has(message) || channel.received.has(message)) return;
    channel.received.add(message);
    report({ channel: name, received: message });
  };
}

/** It gets everything that was received so far. */
function beginSupervisor(socket: Socket): (line: Buffer) => void {
  supervisors.add(socket);
  socket.on('close', () => supervisors.delete(socket));
  for (const [channel, { received }] of channels)
    for (const message of received) tell(socket, { channel, received: message });
  return (line) => {
    const request = parseMap(line) as KeeperRequest | null;
    if (!request) socket.destroy();
    else if ('leave' in request) leave();
    else if ('expect' in request) expectMessages(request.expect, request.messages);
    else if ('forget' in request) channels.delete(request.forget);
    else tell(socket, { id: request.id, sent: send(request.send, request.message) });
  };
}

function forgetOldest(): void {
  const closed = [...channels].filter(([, { socket }]) => socket === null);
  if (closed.length > MAX_CLOSED_CHANNELS) channels.delete(closed[0]![0]);
}

function expectMessages(name: string, messages: string[]): void {
  const channel = channels.get(name);
  if (channel) channel.expected = new Set(messages);
}

function send(name: string, message: string): boolean {
  const socket = channels.get(name)?.socket;
  if (!socket?.writable) return false;
  socket.write(`${JSON.stringify(message)}\n`);
  return true;
}

function report(what: KeeperReport): void {
  for (const supervisor of supervisors) tell(supervisor, what);
}

function tell(supervisor: Socket, what: KeeperReport): void {
  supervisor.write(`${JSON.stringify(what)}\n`);
}

function parseMap(line: Buffer): object | null {
  const value = parse(line);
  return typeof value === 'object' ? value : null;
}

/** @returns null where it is not JSON */
function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch {
    return null;
  }
}
