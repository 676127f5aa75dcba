// One HTTP/1.1 request on a connection of its own, as cheap as a probe must be: 500 a second are to cost little, and
// node:http costs five times as much. Understands just enough of the answer: status line, length, chunks.

import { createConnection, type Socket } from 'node:net';
import type { ProbeResult } from '../../core/spec.ts';
import { connectionFailure } from './connect.ts';
import { type ResponseHead, readBody, readHead } from './http-response.ts';
import { type RunningCheck, runCheck } from './running-check.ts';

export type HttpRequest = {
  method: 'GET' | 'POST';
  url: string;
  headers: Record<string, string>;
  /** Decides once the answer is there; `body` is empty unless `wantsBody`. */
  judge(status: number, body: string): ProbeResult;
  wantsBody: boolean;
};

/** Of the body; what lies beyond is neither read nor matched. */
const MAX_BODY_BYTES = 64 * 1024;
const MAX_HEAD_BYTES = 32 * 1024;

export function requestHttp(request: HttpRequest): RunningCheck {
  return prepareHttp(request)();
}

/**
 * What can be done once is done once.
 *
 * @returns the function that makes the request; what is no URL, once the variables are filled in, fails each time.
 */
export function prepareHttp(request: HttpRequest): () => RunningCheck {
  const url = parseUrl(request.url);
  if (url === null) return () => failedCheck(`"${withoutSecrets(request.url)}" is no http URL`);
  const target = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || (isTls(url) ? 443 : 80)) };
  const text = requestText(request, url);
  return () =>
    runCheck((settle) => {
      if (isTls(url)) return whenOpen(openTls(target), (socket) => exchange(socket, text, request, settle), settle);
      const socket = createConnection(target);
      exchange(socket, text, request, settle);
      return () => socket.destroy();
    });
}

function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null; // its port or host is none
  }
}

function failedCheck(because: string): RunningCheck {
  return runCheck((settle) => {
    settle({ ok: false, because });
    return () => undefined;
  });
}

/** A query may hold a token, and what is before the host a password; reasons are shown and written down. */
export function withoutSecrets(url: string): string {
  const parsed = parseUrl(url);
  if (parsed) return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
  return url.replace(/[?#].*$/s, '').replace(/^([a-z]+:\/\/)[^/]*@/i, '$1');
}

const isTls = ({ protocol }: URL): boolean => protocol === 'https:';

type SettleHttp = (outcome: ProbeResult) => void;

function exchange(socket: Socket, text: string, request: HttpRequest, settle: SettleHttp): void {
  let received = EMPTY;
  let head: ResponseHead | null = null;
  const look = (isEnd: boolean): void => {
    head ??= readHead(received);
    if (head === null) {
      const because = received.length === 0 ? 'closed without an answer' : 'no HTTP answer';
      if (isEnd || received.length > MAX_HEAD_BYTES) settle({ ok: false, because });
      return;
    }
    const body = readBody(head, received, isEnd || received.length - head.bodyAt > MAX_BODY_BYTES);
    if (body === 'incomplete') return;
    if (body === 'broken') settle({ ok: false, because: 'no HTTP answer' });
    else settle(request.judge(head.status, request.wantsBody ? body.toString('utf8', 0, MAX_BODY_BYTES) : ''));
  };
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    look(false);
  });
  socket.on('end', () => look(true));
  socket.on('error', (error) => settle({ ok: false, because: connectionFailure(error) }));
  socket.write(text);
}

const EMPTY: Buffer = Buffer.alloc(0);

/** @returns what frees the socket, whether it is open by then or not. */
function whenOpen(opening: Promise<Socket>, use: (socket: Socket) => void, settle: SettleHttp): () => void {
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

/** TLS is rare here and loaded only then. A probe asks whether the program answers, not who it is: no certificate check. */
async function openTls(target: { host: string; port: number }): Promise<Socket> {
  const { connect } = await import('node:tls');
  return connect({ ...target, rejectUnauthorized: false, servername: servername(target.host) });
}

/** An IP address is no server name (RFC 6066). */
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
