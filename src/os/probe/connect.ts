// Whether the program behind a TCP port or a unix socket accepts a connection. Sends nothing.
import { createConnection, type NetConnectOpts, type Socket } from 'node:net';
import { relative } from 'node:path';
import type { ProbeResult } from '../../core/spec.ts';
import { errnoOf } from '../errors.ts';
import { type ClientEnd, countWaiting, isAccepted } from '../sockets/listeners.ts';
import { type AnswerCheck, checkAnswer } from './answer-check.ts';
import { type RunningCheck, runCheck } from './running-check.ts';

/**
 * Prepares a check that is repeated.
 * @param address `8000`, `localhost:8000` or `[::1]:8000`; a port alone means 127.0.0.1
 */
export function prepareTcp(address: string, answers: AnswerCheck): () => RunningCheck {
  return prepareConnection(tcpTarget(address), (socket) => checkAnswer(socket, answers), new TcpAcceptance());
}

/** @param path absolute; the shorter relative path is used where it helps, as the system accepts only some 100 bytes */
export function prepareUnix(path: string, answers: AnswerCheck): () => RunningCheck {
  const near = relative(process.cwd(), path);
  const judge = () => (answers.isKnown() ? OK : answers.check({ kind: 'unix', path }));
  return prepareConnection({ path: near.length < path.length ? near : path }, judge, new UnixAcceptance(path));
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

/** Whether a program accepts its connections. */
type Acceptance = {
  /** A connection of an earlier attempt still waits. */
  isBehind(): boolean;
  note(socket: Socket): void;
  /** Of the connection that was noted last. */
  isAccepted(): boolean;
};

/**
 * The system answers for a program that never accepts: the first connection counts once a process has accepted it. Later ones
 * count at once, and the next attempt sees whether they were accepted: waiting each time would cost twice as much.
 * @param judge whether the socket that answers is the right one
 */
function prepareConnection(
  target: NetConnectOpts,
  judge: (socket: Socket) => ProbeResult | Promise<ProbeResult>,
  acceptance: Acceptance,
): () => RunningCheck {
  let isTrusted = false;
  return () => {
    isTrusted &&= !acceptance.isBehind();
    return runCheck((settle, onCancel) => {
      let timer: NodeJS.Timeout | undefined;
      const awaitAcceptance = (pauseMs: number): void => {
        if (acceptance.isAccepted()) {
          isTrusted = true;
          settle(OK);
          return;
        }
        onCancel((because) => `${NOT_ACCEPTED} (${because})`);
        timer = setTimeout(() => awaitAcceptance(Math.min(pauseMs * 2, LONGEST_PAUSE_MS)), pauseMs);
      };
      const connected = (socket: Socket): void => {
        acceptance.note(socket);
        const verdict = judge(socket);
        if (verdict instanceof Promise) void verdict.then((found) => judged(socket, found));
        else judged(socket, verdict);
      };
      const judged = (socket: Socket, verdict: ProbeResult): void => {
        // Destroyed: a process has accepted and closed it, or the attempt is over.
        if (!verdict.ok || isTrusted || socket.destroyed) settle(verdict);
        else awaitAcceptance(FIRST_PAUSE_MS);
      };
      try {
        const socket: Socket = createConnection(target, () => connected(socket));
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
  };
}

/** Of another machine, and where the system cannot tell, every connection counts as accepted. */
class TcpAcceptance implements Acceptance {
  #last: { at: { kind: 'tcp'; host: string; port: number }; client: ClientEnd } | null = null;

  isBehind(): boolean {
    return !this.isAccepted();
  }

  note({ remoteAddress, remotePort, localAddress, localPort }: Socket): void {
    const isKnown = remoteAddress && remotePort && localAddress && localPort;
    this.#last = isKnown
      ? { at: { kind: 'tcp', host: remoteAddress, port: remotePort }, client: { host: localAddress, port: localPort } }
      : null;
  }

  isAccepted(): boolean {
    return this.#last === null || isAccepted(this.#last.at, this.#last.client);
  }
}

/** Which connections were accepted is not known: none waits any more, or fewer than before. */
class UnixAcceptance implements Acceptance {
  #path: string;
  #most = 0;

  constructor(path: string) {
    this.#path = path;
  }

  isBehind(): boolean {
    return countWaiting(this.#path) > 0;
  }

  note(): void {
    this.#most = 0;
  }

  isAccepted(): boolean {
    const waiting = countWaiting(this.#path);
    const isAccepting = waiting === 0 || waiting < this.#most;
    this.#most = Math.max(this.#most, waiting);
    return isAccepting;
  }
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
