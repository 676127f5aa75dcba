// `orch logs` as a command: what it prints where, and what it says when asked for what is not there. No supervisor runs.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type LogsOptions, runLogs } from '../../src/cli/commands/logs.ts';
import type { CliContext } from '../../src/cli/context/context.ts';

const T0 = '2026-03-01T12:00:00.000Z';
let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'orch-cli-logs-')));
  writeFileSync(
    join(root, 'procs.yaml'),
    'name: x\nservices:\n  api: { command: [a], pool: 2 }\n  db: { command: [b], log_queue: other }\nlog_queues:\n  other: {}\n',
  );
  mkdirSync(join(root, '.orch/logs'), { recursive: true });
  const line = (ms: number, instance: string, text: string) =>
    `${T0.slice(0, 20)}${String(ms).padStart(3, '0')}Z ${instance} o ${text}\n`;
  writeFileSync(
    join(root, '.orch/logs/default.log'),
    line(1, 'api.1', 'one \x1b[31mred\x1b[0m\x1b[2J') + line(3, 'api.2', 'three'),
  );
  writeFileSync(join(root, '.orch/logs/other.log'), line(2, 'db.1', 'two \xff'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function run(options: LogsOptions, names: string[] = [], change: Partial<CliContext> = {}, tty = false) {
  const stdout = Object.assign(new PassThrough(), { isTTY: tty, columns: 80 });
  const stderr = new PassThrough();
  const written: Buffer[] = [];
  stdout.on('data', (chunk: Buffer) => written.push(chunk));
  const context = {
    file: join(root, 'procs.yaml'),
    env: null,
    stateDir: null,
    json: false,
    stdout,
    stderr,
    colour: false,
    environment: {},
    cwd: root,
    ...change,
  };
  const code = await runLogs(context, options, names);
  await new Promise((resolve) => setImmediate(resolve));
  return { code, out: Buffer.concat(written).toString('utf8'), err: String(stderr.read() ?? '') };
}

test('all queues in time order, as in a text queue, without colours in a pipe', async () => {
  const { code, out } = await run({});
  expect(code).toBe(0);
  expect(out.split('\n').map((line) => line.slice(25))).toEqual([
    'api.1 o one red',
    'db.1 o two ÿ',
    'api.2 o three',
    '',
  ]);
});

test('in a terminal: a colour for each instance, and only colours from the children', async () => {
  const { out } = await run({}, ['api.1'], { colour: true }, true);
  expect(out).toContain('one \x1b[31mred\x1b[0m');
  expect(out).not.toContain('\x1b[2J');
  expect(out.replace(/\x1b\[[\d;]*m/g, '')).toMatch(/^2026-03-01 \d\d:\d\d:\d\d\.001 api\.1 \| one red\n$/);
});

test('names, queue, grep, tail, since, until', async () => {
  const texts = async (options: LogsOptions, names?: string[]) => {
    const { out } = await run({ ...options }, names, { json: true });
    return out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).line.split(' ')[0]);
  };
  expect(await texts({}, ['api'])).toEqual(['one', 'three']);
  expect(await texts({}, ['api.2', 'db'])).toEqual(['two', 'three']);
  expect(await texts({ queue: 'other' })).toEqual(['two']);
  expect(await texts({ grep: '^t' })).toEqual(['two', 'three']);
  expect(await texts({ tail: 1 })).toEqual(['three']);
  expect(await texts({ since: '2026-03-01T12:00:00.002Z', until: '2026-03-01T12:00:00.003Z' })).toEqual(['two']);
});

test('raw: the bare bytes', async () => {
  const stdout = new PassThrough();
  const context: CliContext = {
    file: join(root, 'procs.yaml'),
    env: null,
    stateDir: null,
    json: false,
    stdout,
    stderr: new PassThrough(),
    colour: false,
    environment: {},
    cwd: root,
  };
  expect(await runLogs(context, { raw: true, queue: 'other', grep: 'two ÿ$' }, [])).toBe(0);
  expect(stdout.read()).toEqual(Buffer.from('two \xc3\xbf\n', 'latin1'));
});

describe('--json-lines', () => {
  const LINE = '{"level":30,"time":"2026-03-01T12:00:00.001Z","msg":"up","port":80,"esc":"\\u001b[2Jx"}';
  const later = '{"time":"2026-03-01T13:00:00.000Z","msg":"later"}';
  beforeEach(() => {
    const at = (text: string) => `${T0.replace('.000Z', '.001Z')} api.1 o ${text}\n`;
    writeFileSync(join(root, '.orch/logs/default.log'), at(LINE) + at(later) + at('no json'));
  });
  const lines = (out: string) => out.replace(/\x1b\[[\d;]*m/g, '').split('\n');

  test('compact: on one line; other lines stay', async () => {
    const { out } = await run({ jsonLines: 'compact', utc: true }, ['api']);
    const texts = ['INFO  up port=80 esc=x', '2026-03-01 13:00:00.000Z later', 'no json'];
    expect(out).toBe(texts.map((text) => `2026-03-01T12:00:00.001Z api.1 o ${text}\n`).join(''));
  });

  test('pretty in a terminal: further rows stand under the text', async () => {
    const { out } = await run({ jsonLines: 'pretty', utc: true }, ['api'], { colour: true }, true);
    const head = '2026-03-01 12:00:00.001Z api.1 | ';
    const indent = ' '.repeat(head.length);
    expect(lines(out)).toEqual([
      ...[`${head}INFO  up`, `${indent}    port: 80`, `${indent}    esc: x`],
      ...[`${head}2026-03-01 13:00:00.000Z later`, `${head}no json`, ''],
    ]);
    expect(out).not.toContain('\x1b[2J');
  });

  test('grep sees the line as it is', async () => {
    const { out } = await run({ jsonLines: 'compact', grep: '"level":30' }, ['api']);
    expect(lines(out)).toEqual([expect.stringContaining('INFO  up'), '']);
  });
});

test.each<[LogsOptions, string[], string]>([
  [
    { since: 'bogus' },
    [],
    'error: --since: "bogus" is not a valid time; expected one such as 10m, 1h30m, 14:05, 2026-01-31, 2026-01-31T14:05:00Z\n',
  ],
  [{ grep: '(' }, [], 'error: --grep: '],
  [{ queue: 'othr' }, [], 'error: no log queue "othr"\nhint: the log queues are: '],
  [{ follow: true, until: '5m' }, [], 'error: --until and --follow exclude each other\n'],
  [{ jsonLines: 'pretty', raw: true }, [], 'error: --json-lines and --raw exclude each other\n'],
])('%o is refused', async (options, names, message) => {
  const { code, err, out } = await run(options, names);
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain(message);
});

test('a name that is not declared now is searched too', async () => {
  const { code, err } = await run({}, ['gone']);
  expect([code, err]).toEqual([0, 'warning: no service or instance "gone" is declared now\n']);
});
