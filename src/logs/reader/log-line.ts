// One line read from a queue file, the parser of text and json lines, and how the last lines are selected. Pure.
import { parseInstanceId } from '../../core/spec.ts';
import { parseGap, type StreamCode, splitSource } from '../line-format.ts';

export type LogLine = {
  /** When the log writer read it, milliseconds since the epoch. */
  timeMs: number;
  service: string;
  /** Empty where it is not known (a line that orch did not write). */
  instance: string;
  /** The command that wrote it for the instance: `before_start`; absent: the instance itself. */
  source?: string;
  stream: StreamCode;
  line: string;
  /** A mark in place of this many dropped lines; `line` is its text. */
  gap?: number;
  /** It has no newline yet. Never in a file. */
  unfinished?: true;
};

export type LineFilter = (line: LogLine) => boolean;

/** `latin1`: one character per byte, so that no byte of a line is lost. */
export type Decoding = 'utf8' | 'latin1';

const TEXT = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([a-z0-9][a-z0-9_-]{0,62}(?:\.\d+)?(?::[a-z_]+)?) ([oe]) /;

/** Parses each line as text or json on its own: a queue may have changed its format in between. */
export class LineParser {
  #lastTimeText = '';
  #lastTimeMs = 0;

  parse(line: string): LogLine {
    return (line.startsWith('{') ? this.#parseJson(line) : this.#parseText(line)) ?? this.#unknown(line);
  }

  /** The line's time; null: orch did not write it. Cheaper than `parse`. */
  timeOf(line: string): number | null {
    if (line.startsWith('{"time":"')) return this.#timeMs(line.slice(9, 33));
    return TEXT.test(line) ? this.#timeMs(line.slice(0, 24)) : null;
  }

  #parseText(text: string): LogLine | null {
    const match = TEXT.exec(text);
    if (match === null) return null;
    const line = text.slice(match[0].length);
    return this.#logLine(match[1]!, match[2]!, match[3] as StreamCode, line);
  }

  #parseJson(text: string): LogLine | null {
    try {
      const { time, service, instance, source, stream, line, dropped } = JSON.parse(text);
      if (typeof time !== 'string' || typeof instance !== 'string' || typeof line !== 'string') return null;
      const timeMs = this.#timeMs(time) ?? this.#lastTimeMs;
      const parsed: LogLine = { timeMs, service: String(service), instance, stream: stream === 'e' ? 'e' : 'o', line };
      if (typeof source === 'string') parsed.source = source;
      return typeof dropped === 'number' ? { ...parsed, gap: dropped } : parsed;
    } catch {
      return null; // not a line of orch
    }
  }

  #logLine(time: string, name: string, stream: StreamCode, line: string): LogLine {
    const timeMs = this.#timeMs(time) ?? this.#lastTimeMs;
    const parsed: LogLine = { timeMs, ...originOf(name), stream, line };
    const gap = parseGap(line);
    return gap === null ? parsed : { ...parsed, gap };
  }

  #unknown(line: string): LogLine {
    return { timeMs: this.#lastTimeMs, service: '', instance: '', stream: 'o', line };
  }

  #timeMs(text: string): number | null {
    if (text === this.#lastTimeText) return this.#lastTimeMs;
    const ms = Date.parse(text);
    if (Number.isNaN(ms)) return null;
    this.#lastTimeText = text;
    this.#lastTimeMs = ms;
    return ms;
  }
}

/** @param name `api.1` or `api.1:before_start` */
export function originOf(name: string): Pick<LogLine, 'service' | 'instance' | 'source'> {
  const split = splitSource(name);
  return { service: serviceIn(split.instance), ...split };
}

/** What tells the streams of a queue apart. */
export const streamOf = ({ instance, source = '', stream }: LogLine): string => `${instance}:${source} ${stream}`;

/** @returns the text itself if it is not an instance id. */
export function serviceIn(instance: string): string {
  return parseInstanceId(instance)?.service ?? instance;
}

/** `lastOf` keeps this many lines more than wanted before it drops the first ones. */
const SPARE_LINES = 10_000;

/** @returns the last `count` lines that pass, or fewer, oldest first. Never spreads lines into a call: arguments are limited. */
export async function lastOf(all: AsyncIterable<LogLine[]>, count: number, passes: LineFilter): Promise<LogLine[]> {
  let found: LogLine[] = [];
  for await (const lines of all) {
    for (const line of lines) if (passes(line)) found.push(line);
    if (found.length > count * 2 + SPARE_LINES) found = found.slice(-count);
  }
  return found.slice(-count);
}

/**
 * As `lastOf`, of batches that come newest first, each in file order; reads no more than it needs.
 * @param sinceMs no line before this time passes, so that older batches need not be read; null: any may pass
 */
export async function lastOfReversed(
  batches: Iterable<LogLine[]> | AsyncIterable<LogLine[]>,
  count: number,
  passes: LineFilter,
  sinceMs: number | null = null,
): Promise<LogLine[]> {
  const found: LogLine[][] = [];
  let lines = 0;
  for await (const batch of batches) {
    const passing = batch.filter(passes);
    found.push(passing);
    lines += passing.length;
    if (lines >= count || (sinceMs !== null && isBefore(batch, sinceMs))) break;
  }
  return found.reverse().flat().slice(-count);
}

/** Lines that orch did not write have no time of their own (0, or that of the line before). */
export function isBefore(batch: readonly LogLine[], timeMs: number): boolean {
  const [first, last] = [batch[0]?.timeMs ?? 0, batch.at(-1)?.timeMs ?? 0];
  return last > 0 && Math.max(first, last) < timeMs;
}
