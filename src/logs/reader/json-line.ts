// A line that is a JSON object, as people read it: time, level and message, then the other fields as `key=value`. What comes
// out of its strings is cleaned after it was decoded: `\u001b` in JSON is an escape character as well. Pure.
import { stripSequences } from '../../terminal/sanitize.ts';

export const JSON_FORMS = ['compact', 'pretty'] as const;
/** `compact`: one row; `pretty`: a row for each field, and for each line in it. */
export type JsonForm = (typeof JSON_FORMS)[number];

/** `text` has no control characters. */
export type JsonPart = { part: 'time' | 'level' | 'message' | 'rest'; text: string };
export type JsonRow = readonly JsonPart[];

/**
 * @param showTime the time of the line, in milliseconds since the epoch, as it is to be shown; null: not at all
 * @returns null: the line is not a JSON object, or it is empty
 */
export function jsonRows(line: string, form: JsonForm, showTime: (timeMs: number) => string | null): JsonRow[] | null {
  const fields = parseObject(line);
  if (fields === null) return null;
  const { time, level, message, rest } = entryOf(fields);
  const shownTime = typeof time === 'number' ? showTime(time) : time;
  const lines = message?.split('\n') ?? [];
  const head: JsonPart[] = [
    ...(shownTime === null ? [] : [{ part: 'time' as const, text: shownTime }]),
    ...(level === null ? [] : [{ part: 'level' as const, text: level.padEnd(LEVEL_WIDTH) }]),
  ];
  if (form === 'compact') {
    const text = lines.join(' ');
    const others = rest.map(({ key, value, isText }) => `${key}=${isText ? quoted(value) : value}`).join(' ');
    return [
      [
        ...head,
        ...(message === null ? [] : [{ part: 'message' as const, text }]),
        ...(others === '' ? [] : [{ part: 'rest' as const, text: others }]),
      ],
    ];
  }
  const [first = null, ...more] = lines;
  const top = first === null ? head : [...head, { part: 'message' as const, text: first }];
  const indent = top.length === 0 ? '' : INDENT;
  return [
    ...(top.length === 0 ? [] : [top]),
    ...more.map((text): JsonRow => [{ part: 'message', text: INDENT + text }]),
    ...rest.flatMap(({ key, value }) => fieldRows(key, value, indent)),
  ];
}

/** Words of four letters and of five stand below each other. */
const LEVEL_WIDTH = 5;
const INDENT = '    ';

function fieldRows(key: string, value: string, indent: string): JsonRow[] {
  const [first, ...more] = value.split('\n');
  return [`${indent}${key}: ${first}`, ...more.map((text) => indent + INDENT + text)].map((text) => [
    { part: 'rest', text },
  ]);
}

const quoted = (value: string): string => (/^[^\s"=]+$/.test(value) ? value : JSON.stringify(value));

type JsonFields = Record<string, unknown>;

function parseObject(line: string): JsonFields | null {
  const text = line.trim();
  if (!text.startsWith('{')) return null;
  for (const candidate of text.endsWith('}') ? [text] : [text, ...closedCandidates(text)]) {
    try {
      const value = JSON.parse(candidate) as JsonFields;
      return Object.keys(value).length === 0 ? null : value;
    } catch {
      // not JSON, or cut elsewhere
    }
  }
  return null;
}

/** Of an object whose end is cut off: with the start of its last string, or up to its last whole field. */
function closedCandidates(text: string): string[] {
  let depth = 0;
  let inString = false;
  let comma = -1;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (inString && character === '\\') at++;
    else if (character === '"') inString = !inString;
    else if (inString) continue;
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    else if (character === ',' && depth === 1) comma = at;
  }
  const upToField = comma < 0 ? [] : [`${text.slice(0, comma)}}`];
  return inString && depth === 1 ? [`${text.replace(/\\(u[\da-f]{0,3})?$/i, '')}…"}`, ...upToField] : upToField;
}

const TIMES = ['@timestamp', 'timestamp', 'time', 'ts'];
const LEVELS = ['level', 'severity', 'lvl', 'levelname', 'loglevel', 'log.level'];
const MESSAGES = ['message', 'msg'];

/** Of a field of an object in the object, `key` is the path: `req.method`. Lines of `value` are separated by newlines. */
type JsonField = { key: string; value: string; isText: boolean };
type JsonEntry = {
  /** Milliseconds since the epoch, or a text that is not known to be a time. */
  time: number | string | null;
  level: string | null;
  message: string | null;
  rest: JsonField[];
};

function entryOf(fields: JsonFields): JsonEntry {
  const named = (names: string[]) =>
    names.find((name) => typeof fields[name] === 'string' || typeof fields[name] === 'number');
  const [time, level, message] = [named(TIMES), named(LEVELS), named(MESSAGES)];
  const taken = new Set([time, level, message]);
  return {
    time: time === undefined ? null : timeOf(fields[time] as string | number),
    level: level === undefined ? null : levelText(fields[level] as string | number),
    message: message === undefined ? null : clean(String(fields[message])),
    rest: Object.entries(fields).flatMap(([key, value]) => (taken.has(key) ? [] : flattened(key, value, 1))),
  };
}

/** Text is as RFC 3339 has it; a number counts seconds, milliseconds, microseconds or nanoseconds: none is of before 1973. */
function timeOf(value: string | number): number | string {
  if (typeof value === 'string') {
    const timeMs = /^\d{4}-\d\d-\d\d[T ]/.test(value) ? Date.parse(value) : Number.NaN;
    return Number.isNaN(timeMs) ? oneLine(value) : timeMs;
  }
  const units = [1e11, 1e14, 1e17].filter((limit) => Math.abs(value) >= limit).length;
  return value * 1000 ** (1 - units);
}

/** https://getpino.io/#/docs/api?id=logger-level; bunyan has the same numbers. */
const NUMBERED = new Map([
  [10, 'TRACE'],
  [20, 'DEBUG'],
  [30, 'INFO'],
  [40, 'WARN'],
  [50, 'ERROR'],
  [60, 'FATAL'],
]);

const levelText = (value: string | number): string =>
  typeof value === 'number' ? (NUMBERED.get(value) ?? String(value)) : oneLine(value).toUpperCase();

/** Deeper objects are shown as JSON. */
const MAX_DEPTH = 4;

function flattened(path: string, value: unknown, depth: number): JsonField[] {
  const key = oneLine(path);
  if (typeof value === 'string') return [{ key, value: clean(value), isText: true }];
  if (typeof value !== 'object' || value === null) return [{ key, value: String(value), isText: false }];
  const fields = Object.entries(value);
  if (Array.isArray(value) || depth === MAX_DEPTH || fields.length === 0)
    return [{ key, value: nestedText(value), isText: false }];
  return fields.flatMap(([name, inner]) => flattened(`${path}.${name}`, inner, depth + 1));
}

function nestedText(value: object): string {
  try {
    return oneLine(JSON.stringify(value));
  } catch {
    return '…'; // nested too deep: a RangeError
  }
}

const clean = (text: string): string =>
  text
    .split(/\r?\n/)
    .map((line) => oneLine(line.replaceAll('\t', '    ')))
    .join('\n');

const oneLine = (text: string): string => stripSequences(text);
