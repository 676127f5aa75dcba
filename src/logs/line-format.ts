// How lines stand in a queue file: text, json, raw. The plain, slow form of it: what the fast framer is tested against.
import type { LogFormat } from '../core/spec.ts';

export type StreamCode = 'o' | 'e';
export type Origin = { instance: string; service: string; stream: StreamCode };

/** Of bytes whose instance is not known. */
export const UNKNOWN_ORIGIN: Origin = { instance: '', service: '', stream: 'o' };

export const NEWLINE = 0x0a;

/** @param lines whole lines of one stream, each with its newline */
export function frameLines(format: LogFormat, origin: Origin, timeMs: number, lines: Buffer): Buffer {
  if (format === 'raw') return lines;
  const time = new Date(timeMs).toISOString();
  const frame = format === 'text' ? textFrame : jsonFrame;
  const framed: Buffer[] = [];
  for (let from = 0; from < lines.length; ) {
    const end = lines.indexOf(NEWLINE, from);
    framed.push(frame(origin, time, lines.subarray(from, end)));
    from = end + 1;
  }
  return Buffer.concat(framed);
}

/** The mark that stands where lines had to go. Raw files hold the children's bytes only: there it is in the index. */
export function frameGap(format: LogFormat, origin: Origin, timeMs: number, dropped: number): Buffer {
  if (format === 'raw') return Buffer.alloc(0);
  const line = gapText(dropped);
  if (format === 'text') return frameLines('text', origin, timeMs, Buffer.from(`${line}\n`));
  const { service, instance, stream } = origin;
  const record = { time: new Date(timeMs).toISOString(), service, instance, stream, line, dropped };
  return Buffer.from(`${JSON.stringify(record)}\n`);
}

/** `… 1,234 lines dropped` */
export function gapText(lines: number): string {
  return `… ${lines.toLocaleString('en-US')} ${lines === 1 ? 'line' : 'lines'} dropped`;
}

function textFrame(origin: Origin, time: string, line: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${time} ${origin.instance} ${origin.stream} `), line, Buffer.from('\n')]);
}

/** Bytes that are no UTF-8 become U+FFFD: JSON has no other way. */
function jsonFrame(origin: Origin, time: string, line: Buffer): Buffer {
  const { service, instance, stream } = origin;
  return Buffer.from(`${JSON.stringify({ time, service, instance, stream, line: line.toString('utf8') })}\n`);
}
