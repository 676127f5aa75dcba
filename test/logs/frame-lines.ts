// How lines are stored in a queue file, the plain and slow way: the fast framer is tested against it.
import type { LogFormat } from '../../src/core/log-queue-spec.ts';
import { NEWLINE, type Origin } from '../../src/logs/line-format.ts';

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

function textFrame(origin: Origin, time: string, line: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${time} ${origin.instance} ${origin.stream} `), line, Buffer.from('\n')]);
}

/** Bytes that are not UTF-8 become U+FFFD: JSON cannot hold them. */
function jsonFrame(origin: Origin, time: string, line: Buffer): Buffer {
  const { service, instance, stream } = origin;
  return Buffer.from(`${JSON.stringify({ time, service, instance, stream, line: line.toString('utf8') })}\n`);
}
