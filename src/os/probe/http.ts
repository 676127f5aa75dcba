// One HTTP/1.1 request on a connection of its own. Cheap, as there may be 500 probes a second; node:http costs five times as
// much. Reads only the status line, the length and the chunks of the response.

import { createConnection, type Socket } from 'node:net';
import type { ProbeResult } from '../../core/spec.ts';
import { type AnswerCheck, checkAnswer } from './answer-check.ts';
import { connectionFailure } from './connect.ts';
import { type ResponseHead, readBody, readHead } from './http-response.ts';
import { failedCheck, type RunningCheck, runCheck, type Settle } from './running-check.ts';

export type HttpRequest = {
  method: 'GET' | 'POST';
  url: string;
  headers: Record<string, string>;
  /** Judges the response; `body` is empty unless `wantsBody`. */
  judge(status: number, body: string): ProbeResult;
  wantsBody: boolean;
  /** Nothing is sent to another process than this one allows. */
  answers: AnswerCheck;
};

/** More of the body is neither read nor matched. */
const MAX_BODY_BYTES = 64 * 1024;
const MAX_HEAD_BYTES = 32 * 1024;

export function requestHttp(request: HttpRequest): RunningCheck {
  return prepareHttp(request)();
}

/**
 * Prepares a request that is repeated.
 * @returns the function that sends it; where the URL is not valid once its variables are filled in, each call fails
 */
export function prepareHttp(request: HttpRequest): () => RunningCheck {
  const url = parseUrl(request.url);
  if (url === null) return () => failedCheck(`"${withoutSecrets(request.url)}" is not a valid HTTP URL`);
  const target = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || (isTls(url) ? 443 : 80)) };
  const text = requestText(request, url);
  return () =>
    runCheck((settle) => {
      const talk = (socket: Socket): void => exchange(socket, text, request, settle);
      if (isTls(url)) return whenOpen(openTls(target), talk, settle);
      const socket = createConnection(target);
      talk(socket);
      return () => socket.destroy();
    });
}

function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null; // its port or host is not valid
  }
}

/** A query may hold a token, and the part before the host a password; reasons are shown and logged. */
export function withoutSecrets(url: string): string {
  const parsed = parseUrl(url);
  if (parsed) return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
  return url.replace(/[?#].*$/s, '').replace(/^([a-z]+:\/\/)[^/]*@/i, '$1');
}

const isTls = ({ protocol }: URL): boolean => protocol === 'https:';

function exchange(socket: Socket, text: string, request: HttpRequest, settle: Settle): void {
  let received = EMPTY;
  let head: ResponseHead | null = null;
  const judgeReceived = (isEnd: boolean): void => {
    head ??= readHead(received);
    if (head === null) {
      const because = received.length === 0 ? 'closed without a response' : 'not an HTTP response';
      if (isEnd || received.length > MAX_HEAD_BYTES) settle({ ok: false, because });
      return;
    }
    const body = readBody(head, received, isEnd || received.length - head.bodyAt > MAX_BODY_BYTES);
    if (body === 'incomplete') return;
    if (body === 'broken') settle({ ok: false, because: 'not an HTTP response' });
    else settle(request.judge(head.status, request.wantsBody ? body.toString('utf8', 0, MAX_BODY_BYTES) : ''));
  };
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    judgeReceived(false);
  });
  socket.on('end', () => judgeReceived(true));
  socket.on('error', (error) => settle({ ok: false, because: connectionFailure(error) }));
  if (request.answers.isKnown()) {
    socket.write(text);
    return;
  }
  socket.once('encrypted' in socket ? 'secureConnect' : 'connect', async () => {
    const verdict = await checkAnswer(socket, request.answers);
    if (verdict.ok) socket.write(text);
    else settle(verdict);
  });
}

const EMPTY: Buffer = Buffer.alloc(0);

/** @returns the function that frees the socket, open or not */
function whenOpen(opening: Promise<Socket>, use: (socket: Socket) => void, settle: Settle): () => void {
  let isFreed = false;
  let socket: Socket | null = null;
  opening.then(
    (opened) => {
      socket = opened;
      if (isFreed) opened.destroy();
      else use(opened);
    },
    (error) => settle({ ok: false, because: connectionFailure(error) }),
  );
  return () => {
    isFreed = true;
    socket?.destroy();
  };
}

/** Loads TLS only when needed. Does not check certificates: a probe tests whether the program responds, not its identity. */
async function openTls(target: { host: string; port: number }): Promise<Socket> {
  const { connect } = await import('node:tls');
  return connect({ ...target, rejectUnauthorized: false, servername: servername(target.host) });
}

/** An IP address is not a server name (RFC 6066). */
const servername = (host: string): string => (/^[\d.]+$|:/.test(host) ? '' : host);

function requestText({ method, headers }: HttpRequest, url: URL): string {
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const lines = [`${method} ${url.pathname}${url.search} HTTP/1.1`];
  if (!names.has('host')) lines.push(`Host: ${url.host}`);
  if (!names.has('user-agent')) lines.push('User-Agent: orch-probe');
  lines.push('Accept: */*', 'Connection: close');
  if (method === 'POST') lines.push('Content-Length: 0');
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value.replace(/[\r\n]/g, ' ')}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
