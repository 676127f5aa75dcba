// One line of a log as `orch logs` prints it: for people in a terminal, as in a text queue for pipes, as JSON, or bare.
import { type JsonForm, type JsonPart, jsonRows } from '../../logs/reader/json-line.ts';
import type { LogLine } from '../../logs/reader/log-line.ts';
import { type Colour, painter } from '../../terminal/colour.ts';
import { sanitizeLine } from '../../terminal/sanitize.ts';
import { formatMoment } from '../../units.ts';
import type { CliContext } from '../context/context.ts';
import { instanceColour } from './state-colour.ts';

/** `jsonLines`: for lines that are JSON objects. */
type LineForm = { raw?: boolean | undefined; utc?: boolean | undefined; jsonLines?: JsonForm | undefined };

/** The text ends with a newline. Of the control sequences of a program only SGR reaches a terminal. */
export function lineFormatter(
  context: CliContext,
  { raw = false, utc = false, jsonLines }: LineForm = {},
): (line: LogLine) => string {
  const isTerminal = context.stdout.isTTY === true;
  if (context.json) return isTerminal ? (line) => escapeUnprintable(formatJson(line)) : formatJson;
  if (raw) return isTerminal ? (line) => `${sanitizedBytes(line.line, context.colour)}\n` : ({ line }) => `${line}\n`;
  const textOf = jsonLines === undefined ? cleanText(context.colour) : jsonText(context.colour, jsonLines, utc);
  return isTerminal || context.colour ? forPeople(context, utc, textOf) : (line) => formatText(line, textOf(line, 0));
}

/** What a program wrote, as it is printed. @param indent columns before it, for its further rows */
type TextOf = (line: LogLine, indent: number) => string;

const cleanText =
  (keepColours: boolean): TextOf =>
  ({ line }) =>
    sanitizeLine(line, keepColours);

const JSON_COLOURS: Record<JsonPart['part'], Colour | null> = {
  time: 'dim',
  level: 'bold',
  message: null,
  rest: 'dim',
};

/** A line that has no newline yet is not JSON yet. */
function jsonText(colour: boolean, form: JsonForm, utc: boolean): TextOf {
  const paint = painter(colour);
  const otherwise = cleanText(colour);
  return (line, indent) => {
    const showTime = (timeMs: number) =>
      Math.abs(timeMs - line.timeMs) < SAME_TIME_MS ? null : formatMoment(timeMs, Date.now(), { utc });
    const rows = line.unfinished ? null : jsonRows(sanitizeLine(line.line, false), form, showTime);
    if (rows === null) return otherwise(line, indent);
    const texts = rows.map((row) => row.map(({ part, text }) => paint(JSON_COLOURS[part], text)).join(' '));
    return texts.join(`\n${' '.repeat(indent)}`);
  };
}

/** A program names the time a little before its line is read: it is not printed twice. */
const SAME_TIME_MS = 1000;

/** The text and the result hold one byte per character. */
function sanitizedBytes(line: string, keepColours: boolean): string {
  const text = sanitizeLine(Buffer.from(line, 'latin1').toString('utf8'), keepColours);
  return Buffer.from(text).toString('latin1');
}

function forPeople(context: CliContext, utc: boolean, textOf: TextOf): (line: LogLine) => string {
  const paint = painter(context.colour);
  let width = 0;
  return (line) => {
    const name = nameOf(line);
    width = Math.max(width, name.length);
    const moment = formatMoment(line.timeMs, Date.now(), { utc });
    const time = paint('dim', moment);
    const instance = paint(instanceColour(line.instance), name.padEnd(width));
    const bar = paint(line.stream === 'e' ? 'red' : 'dim', '|');
    const text = textOf(line, moment.length + width + ' '.length + ' | '.length);
    return `${time} ${instance} ${bar} ${line.gap === undefined ? text : paint('yellow', text)}\n`;
  };
}

/** For people: `api.1`, or `api.1 before_start` for a command that runs for it. */
export const nameOf = ({ instance, source }: LogLine): string => (source ? `${instance} ${source}` : instance);

function formatText(line: LogLine, text: string): string {
  const name = line.source ? `${line.instance}:${line.source}` : line.instance || '-';
  return `${new Date(line.timeMs).toISOString()} ${name} ${line.stream} ${text}\n`;
}

function formatJson({ timeMs, service, instance, source, stream, line, gap, unfinished }: LogLine): string {
  const time = new Date(timeMs).toISOString();
  const more = { ...(gap === undefined ? {} : { dropped: gap }), ...(unfinished ? { unfinished } : {}) };
  return `${JSON.stringify({ time, service, instance, source, stream, line, ...more })}\n`;
}

/** JSON leaves DEL, C1 and bidi marks as they are. */
function escapeUnprintable(json: string): string {
  return json.replace(/[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/**
 * Writes no faster than the reader of our output reads, so that memory stays bounded.
 * @returns undefined: there is room for more; else resolves once there is room again, or the reader is gone
 */
export function pacedWrite(stdout: CliContext['stdout'], text: string | Buffer): Promise<void> | undefined {
  if (stdout.write(text) || stdout.destroyed) return undefined;
  return new Promise((resolve) => {
    const done = () => {
      stdout.removeListener('drain', done);
      stdout.removeListener('close', done);
      resolve();
    };
    stdout.once('drain', done);
    stdout.once('close', done);
  });
}
