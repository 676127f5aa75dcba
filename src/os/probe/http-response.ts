// The parts of an HTTP/1.1 response that a probe needs (RFC 9112). Pure.

export type ResponseHead = {
  status: number;
  /** Offset of the body. */
  bodyAt: number;
  /** How the body ends: by a length in bytes, by chunks, or with the connection. */
  framing: { kind: 'length'; bytes: number } | { kind: 'chunked' } | { kind: 'close' };
};

const HEAD_END = '\r\n\r\n';

/** @returns null while the head is incomplete, or where it is not HTTP. Skips informational (1xx) responses. */
export function readHead(received: Buffer, from = 0): ResponseHead | null {
  const end = received.indexOf(HEAD_END, from);
  if (end === -1) return null;
  const head = received.toString('latin1', from, end);
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |\r|$)/.exec(head)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) return null;
  const bodyAt = end + HEAD_END.length;
  if (status < 200 && status !== 101) return readHead(received, bodyAt);
  return { status, bodyAt, framing: framingOf(status, head) };
}

function framingOf(status: number, head: string): ResponseHead['framing'] {
  if (status === 204 || status === 304 || status === 101) return { kind: 'length', bytes: 0 };
  if (/\r\ntransfer-encoding:[^\r]*chunked/i.test(head)) return { kind: 'chunked' };
  const length = /\r\ncontent-length:\s*(\d+)/i.exec(head)?.[1];
  return length === undefined ? { kind: 'close' } : { kind: 'length', bytes: Number(length) };
}

/**
 * @param isEnd nothing more will come, or be waited for
 * @returns the body as far as it came; `incomplete` while more is expected; `broken` where it is not HTTP
 */
export function readBody({ bodyAt, framing }: ResponseHead, received: Buffer, isEnd: boolean): Buffer | UnreadableBody {
  const rest = received.subarray(bodyAt);
  if (framing.kind === 'chunked') return readChunks(rest, isEnd);
  if (framing.kind === 'length' && rest.length >= framing.bytes) return rest.subarray(0, framing.bytes);
  return isEnd ? rest : 'incomplete';
}

export type UnreadableBody = 'incomplete' | 'broken';

/** Strict, as the text is foreign: a sign, or another prefix of a number, would move the offset backwards. */
const CHUNK_SIZE = /^[0-9a-f]{1,13}[ \t]*(?:;|$)/i;

function readChunks(rest: Buffer, isEnd: boolean): Buffer | UnreadableBody {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd === -1) return isEnd ? Buffer.concat(parts) : 'incomplete';
    const line = rest.toString('latin1', at, lineEnd);
    if (!CHUNK_SIZE.test(line)) return 'broken';
    const size = Number.parseInt(line, 16);
    if (size === 0) return Buffer.concat(parts);
    const next = lineEnd + 2 + size + 2;
    if (next > rest.length) return isEnd ? Buffer.concat(parts) : 'incomplete';
    parts.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}
