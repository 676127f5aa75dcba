// How lines are stored in a queue file (text, json, raw) where both writer and reader must know it. framer.ts writes lines,
// log-line.ts reads them.
import type { LogFormat } from '../core/log-queue-spec.ts';

export type StreamCode = 'o' | 'e';
/** `instance`: `api.1`, or `api.1:before_start` for the output of a command that runs for it. */
export type Origin = { instance: string; service: string; stream: StreamCode };

/** Of bytes whose instance is not known. */
export const UNKNOWN_ORIGIN: Origin = { instance: '', service: '', stream: 'o' };

export const NEWLINE = 0x0a;

/** The mark in place of dropped lines. Raw files hold the bytes of the instances only: their index has the mark. */
export function frameGap(format: LogFormat, origin: Origin, timeMs: number, dropped: number): Buffer {
  if (format === 'raw') return Buffer.alloc(0);
  const time = new Date(timeMs).toISOString();
  const line = gapText(dropped);
  const { service, instance, stream } = origin;
  if (format === 'text') return Buffer.from(`${time} ${instance} ${stream} ${line}\n`);
  return Buffer.from(`${JSON.stringify({ time, service, ...splitSource(instance), stream, line, dropped })}\n`);
}

/** @returns instance and command of `api.1:before_start`; the instance alone of `api.1` */
export function splitSource(name: string): { instance: string; source?: string } {
  const at = name.indexOf(':');
  return at < 0 ? { instance: name } : { instance: name.slice(0, at), source: name.slice(at + 1) };
}

export const isCommandSource = (name: string): boolean => name.includes(':');

/** `… 1,234 lines dropped` */
export function gapText(lines: number): string {
  return `… ${lines.toLocaleString('en-US')} ${lines === 1 ? 'line' : 'lines'} dropped`;
}

const GAP = /^… ([\d,]+) lines? dropped$/;

/** The reverse of `gapText`. @returns null: the line is not a gap mark */
export function parseGap(line: string): number | null {
  const match = line.startsWith('…') ? GAP.exec(line) : null;
  return match === null ? null : Number(match[1]!.replaceAll(',', ''));
}
