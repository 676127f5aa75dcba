// Whether the program behind a TCP port or a unix socket accepts a connection. Sends nothing.
import { createConnection, type NetConnectOpts, type Socket } from 'node:net';
import { relative } from 'node:path';
import type { ProbeResult } from '../../core/spec.ts';
import { errnoOf } from '../errors.ts';
import { countWaiting, isAccepted } from '../sockets/listeners.ts';
import { type AnswerCheck, checkAnswer } from './answer-check.ts';
import { type RunningCheck, runCheck } from './running-check.ts';

/** `8000`, `localhost:8000` or `[::1]:8000`; a port alone means 127.0.0.1. */
export function checkTcp(address: string, answers: AnswerCheck): RunningCheck {
  return checkConnection(tcpTarget(address), (socket) => checkAnswer(socket, answers), isTcpAccepted);
}

/** @param path absolute; the shorter relative path is used where it helps, as the system accepts only some 100 bytes */
export function checkUnix(path: string, answers: AnswerCheck): RunningCheck {
  const near = relative(process.cwd(), path);
  const judge = () => (answers.isKnown() ? OK : answers.check({ kind: 'unix', path }));
  return checkConnection({ path: near.length < path.length ? near : path }, judge, unixAcceptance(path));
}

export function tcpTarget(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  const host = colon === -1 ? '127.0.0.1' : address.slice(0, colon).replace(/^\[|\]$/g, '');
  return { host, port: Number(address.slice(colon + 1)) };
}

const OK: ProbeResult = { ok: true };
/** Doubled each time. */
const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 100;
const NOT_ACCEPTED = 'connected, but the program does not accept the connection';

/**
 * The system answers for a program that never accepts: a connection counts once a process has accepted it.
 * @param judge whether the socket that answers is the right one
 */
function checkConnection(
  target: NetConnectOpts,
  judge: (socket: Socket) => ProbeResult | Promise<ProbeResult>,
  isAccepted: (socket: Socket) => boolean,
): RunningCheck {
  return runCheck((settle, onCancel) => {
    let timer: NodeJS.Timeout | undefined;
    const awaitAcceptance = (socket: Socket, pauseMs: number): void => {
      if (isAccepted(socket)) {
        settle(OK);
        return;
      }
      onCancel((because) => `${NOT_ACCEPTED} (${because})`);
      timer = setTimeout(() => awaitAcceptance(socket, Math.min(pauseMs * 2, LONGEST_PAUSE_MS)), pauseMs);
    };
    const connected = async (socket: Socket): Promise<void> => {
      const judged = judge(socket);
      const verdict = judged instanceof Promise ? await judged : judged;
      if (!verdict.ok) settle(verdict);
      else if (!socket.destroyed) awaitAcceptance(socket, FIRST_PAUSE_MS);
      else settle(OK); // a process has accepted and closed it
    };
    try {
      const socket: Socket = createConnection(target, () => void connected(socket));
      socket.on('error', (error) => settle({ ok: false, because: connectionFailure(error) }));
      return () => {
        clearTimeout(timer);
        socket.destroy();
      };
    } catch (error) {
      // A port above 65535, once the variables are filled in.
      settle({ ok: false, because: connectionFailure(error) });
      return () => undefined;
    }
  });
}

/** True also for another machine, and where that cannot be told. */
function isTcpAccepted({ remoteAddress, remotePort, localAddress, localPort }: Socket): boolean {
  if (!remoteAddress || !remotePort || !localAddress || !localPort) return true;
  return isAccepted({ kind: 'tcp', host: remoteAddress, port: remotePort }, { host: localAddress, port: localPort });
}

/** Which connection was accepted is not known: none waits, or some that waited does not any more. */
function unixAcceptance(path: string): () => boolean {
  let most = 0;
  return () => {
    const waiting = countWaiting(path);
    const isAccepting = waiting === 0 || waiting < most;
    most = Math.max(most, waiting);
    return isAccepting;
  };
}

/** @returns a clause for people */
export function connectionFailure(error: unknown): string {
  const errno = errnoOf(error);
  switch (errno) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ENOENT':
      return 'the socket does not exist';
    case 'ECONNRESET':
      return 'connection reset';
    case 'ENOTFOUND':
      return 'host not found';
    default:
      return error instanceof Error && errno === 'UNKNOWN' ? error.message : errno;
  }
}
