// Lines that are JSON objects, for people: which fields are found, how they are shown, and that nothing decoded is harmful.
import { describe, expect, test } from 'vitest';
import { type JsonForm, jsonRows } from '../../src/logs/reader/json-line.ts';
import { HOSTILE } from '../tui/hostile.ts';

const iso = (timeMs: number) => new Date(timeMs).toISOString();
const rowsOf = (line: string, form: JsonForm = 'compact') =>
  jsonRows(line, form, iso)?.map((row) => row.map(({ text }) => text).join(' ')) ?? null;
const NOON = '2026-03-01T12:00:00.000Z';
const NOON_MS = Date.parse(NOON);

test.each<[string, string]>([
  // pino, bunyan, zap, Google Cloud, ECS, Python
  [`{"level":30,"time":${NOON_MS},"pid":7,"msg":"up"}`, `${NOON} INFO  up pid=7`],
  [`{"v":0,"level":60,"msg":"gone","time":"${NOON}"}`, `${NOON} FATAL gone v=0`],
  [`{"level":"warn","ts":${NOON_MS / 1000},"msg":"slow","took":1.5}`, `${NOON} WARN  slow took=1.5`],
  [`{"severity":"ERROR","timestamp":"${NOON}","message":"a b"}`, `${NOON} ERROR a b`],
  [`{"@timestamp":"${NOON}","log.level":"info","message":"x"}`, `${NOON} INFO  x`],
  ['{"levelname":"warning","message":"x"}', 'WARNING x'],
  // other units of time, and what is none
  [`{"ts":${NOON_MS * 1000}}`, NOON],
  [`{"ts":${NOON_MS}000000}`, NOON],
  ['{"time":"just now","msg":"x"}', 'just now x'],
  ['{"level":35,"lvl":"a","msg":"x"}', '35    x lvl=a'],
  ['{"level":{"name":"info"},"time":null,"msg":["a"]}', 'level.name=info time=null msg=["a"]'],
  // values
  ['{"msg":"x","a":"","b":"c d","e":"f=g","h":null,"i":true}', 'x a="" b="c d" e="f=g" h=null i=true'],
  ['{"req":{"id":1,"url":"/a","head":{}},"tags":["a","b"]}', 'req.id=1 req.url=/a req.head={} tags=["a","b"]'],
  ['{"a":{"b":{"c":{"d":{"e":1}}}}}', 'a.b.c.d={"e":1}'],
  ['{"msg":"one\\ntwo","err":"a\\n  at b"}', 'one two err="a\\n  at b"'],
  ['  {"msg":"x"}  ', 'x'],
  ['{"__proto__":1,"constructor":2}', '__proto__=1 constructor=2'],
  // an end that was cut off: a long line, or one that is split
  ['{"msg":"x","stack":"Error: bo', 'x stack="Error: bo…"'],
  ['{"msg":"x","stack":"a\\u00', 'x stack=a…'],
  ['{"msg":"x","a":1,"b', 'x a=1'],
  ['{"msg":"x","a":{"b":"c', 'x'],
])('compact: %s', (line, expected) => {
  expect(rowsOf(line)).toEqual([expected]);
});

test.each(['', 'text', '[1]', '"a"', '1', 'null', '{}', '{', '{"a"', '{a: 1}', '{"a":1} and more', 'x {"a":1}'])(
  'stays as it is: %s',
  (line) => {
    expect(rowsOf(line)).toBe(null);
    expect(rowsOf(line, 'pretty')).toBe(null);
  },
);

test('pretty has a row for each field, and for each line of a text', () => {
  const line = JSON.stringify({
    level: 50,
    msg: 'no\nway',
    err: { name: 'E', stack: 'E: x\n\tat a\r\n    at b' },
    n: 1,
  });
  expect(rowsOf(line, 'pretty')).toEqual([
    'ERROR no',
    '    way',
    '    err.name: E',
    '    err.stack: E: x',
    '            at a',
    '            at b',
    '    n: 1',
  ]);
  expect(rowsOf('{"a":"b\\nc"}', 'pretty')).toEqual(['a: b', '    c']);
});

test('a time can be left out', () => {
  const [row] = jsonRows(`{"time":"${NOON}","level":"info","msg":"x"}`, 'compact', () => null)!;
  expect(row!.map(({ part }) => part)).toEqual(['level', 'message']);
});

test('a line that nests without an end throws nothing', () => {
  for (const line of [`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, `{"a":${'{"a":'.repeat(20_000)}`])
    for (const form of ['compact', 'pretty'] as const) expect(() => rowsOf(line, form)).not.toThrow();
});

describe('nothing that is decoded controls a terminal', () => {
  const CONTROL = /[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
  test.each(HOSTILE)('%s', (_what, text) => {
    const escaped = JSON.stringify(text).replace(
      /[\x7f-\uffff]/g,
      (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    const fields = ['time', 'level', 'msg', 'other'].map((name) => `"${name}":${escaped}`);
    const line = `{${fields.join(',')},${escaped}:{${escaped}:[${escaped}]},"deep":{"a":{"b":{"c":{"d":${escaped}}}}}}`;
    expect(line).toMatch(/^[\x20-\x7e]*$/);
    for (const form of ['compact', 'pretty'] as const) {
      const rows = rowsOf(line, form);
      expect(rows).not.toBe(null);
      for (const row of rows!) expect(row).not.toMatch(CONTROL);
    }
  });
});
