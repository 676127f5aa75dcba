// One HTTP/1.1 request on a connection of its own, as cheap as a probe must be: 500 a second are to cost little, and
// node:http costs five times as much. Understands just enough of the answer: status line, length, chunks.
import { createConnection, type Socket } from 'node:net';
import type { Outcome } from '../../core/model.ts';
import { connectionFailure } from './connect.ts';
import { type ResponseHead, readHead, wholeBody } from './http-response.ts';
import { type Running, runCheck } from './running.ts';

export type HttpRequest = {
  method: 'GET' | 'POST';
  url: string;
  headers: Record<string, string>;
  /** Decides once the answer is there; `body` is empty unless `wantsBody`. */
  judge(status: number, body: string): Outcome;
  wantsBody: boolean;
};

/** Of the body; what lies beyond is neither read nor matched. */
const MAX_BODY_BYTES = 64 * 1024;
const MAX_HEAD_BYTES = 32 * 1024;

export function requestHttp(request: HttpRequest): Running {
  return runCheck((settle) => {
    const url = new URL(request.url);
    const chunks: Buffer[] = [];
    let bytes = 0;
    let head: ResponseHead | null = null;
    const answered = (isEnd: boolean): void => {
      const received = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes);
      head ??= readHead(received);
      if (head === null) {
        if (isEnd) settle({ ok: false, because: bytes === 0 ? 'closed without an answer' : 'no HTTP answer' });
        else if (bytes > MAX_HEAD_BYTES) settle({ ok: false, because: 'no HTTP answer' });
        return;
      }
      const body = wholeBody(head, received, isEnd || bytes - head.bodyAt > MAX_BODY_BYTES);
      if (body === null) return;
      settle(request.judge(head.status, request.wantsBody ? body.toString('utf8', 0, MAX_BODY_BYTES) : ''));
    };
    let socket: Socket | null = null;
    let isFreed = false;
    const use = (opened: Socket): void => {
      socket = opened;
      if (isFreed) return void socket.destroy();
      socket.on('data', (chunk) => {
        chunks.push(chunk);
        bytes += chunk.length;
        answered(false);
      });
      socket.on('end', () => answered(true));
      socket.on('error', (error) => settle({ ok: false, because: connectionFailure(error) }));
      socket.write(requestText(request, url));
    };
    open(url).then(use, (error) => settle({ ok: false, because: connectionFailure(error) }));
    return () => {
      isFreed = true;
      socket?.destroy();
    };
  });
}

/** TLS is rare here and loaded only then. A probe asks whether the program answers, not who it is: no certificate check. */
async function open(url: URL): Promise<Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol === 'http:') return createConnection({ host, port: Number(url.port || 80) });
  const { connect } = await import('node:tls');
  return connect({ host, port: Number(url.port || 443), rejectUnauthorized: false, servername: servername(host) });
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
