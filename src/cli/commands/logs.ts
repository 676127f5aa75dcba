// `orch logs`: reads queues back, follows them, rotates them. It reads files; the supervisor is asked only where they are,
// so that a slow reader never disturbs it.
import { resolve } from 'node:path';
import type { ProjectPaths } from '../../api/paths.ts';
import { type Selectable, selectablesOf } from '../../api/select-names.ts';
import type { FollowOptions } from '../../logs/reader/follow-logs.ts';
import { JSON_FORMS, type JsonForm } from '../../logs/reader/json-line.ts';
import type { LogLine } from '../../logs/reader/log-line.ts';
import type { LogQueueFile } from '../../logs/reader/segment.ts';
import type { UnfinishedFollower, UnfinishedSelection } from '../../logs/reader/unfinished-lines.ts';
import { escapeControls } from '../../terminal/sanitize.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { type CommandDefinition, exceptOption, optionalNames } from '../context/definition.ts';
import { fail } from '../context/errors.ts';
import { failRequest, findPaths, openProject, withSupervisor } from '../context/running-project.ts';
import { declaredSelectables, type SelectionOptions, selectOf } from '../context/selection.ts';

export type LogsOptions = SelectionOptions & {
  follow?: boolean;
  tail?: number;
  since?: string;
  until?: string;
  grep?: string;
  /** The lines alone, byte by byte. */
  raw?: boolean;
  /** How lines that are JSON objects are printed; without: as they are. */
  jsonLines?: JsonForm;
  utc?: boolean;
  queue?: string;
};

export const logsCommand: CommandDefinition<LogsOptions> = {
  name: 'logs',
  group: 'Look',
  summary: 'show what services wrote',
  details: [
    'Reads the log queues back in time order, rotated and compressed files included. `orch logs rotate [QUEUE…]` closes',
    'the live files under a dated name. TIME is how long ago (10m, 1h30m) or a point in time (14:05, 2026-01-31). In a',
    'terminal, times are local, with the date unless it is today; in a pipe, they are in UTC.',
  ].join(' '),
  arguments: optionalNames,
  options: [
    { flags: '-f, --follow', description: 'keep printing new lines until interrupted' },
    { flags: '-n, --tail <count>', description: 'show only the last COUNT lines', value: { kind: 'count' } },
    { flags: '--since <time>', description: 'show only lines from TIME on' },
    { flags: '--until <time>', description: 'show only lines before TIME' },
    { flags: '--grep <pattern>', description: 'show only lines that match this regular expression' },
    exceptOption,
    { flags: '--queue <queue>', description: 'show only this log queue' },
    { flags: '--utc', description: 'in a terminal: print times in UTC instead of local time' },
    {
      flags: '--json-lines <form>',
      description: 'show lines that are JSON objects for people: on one line, or with a line for each field',
      value: { kind: 'choice', choices: JSON_FORMS },
    },
    { flags: '--raw', description: 'print the bare lines, byte by byte, without time and instance' },
  ],
  ownsShortF: true,
  examples: [
    ['orch logs -f api', 'follow all instances of api'],
    ['orch logs --since 10m --grep "error|warn"', 'recent errors and warnings'],
    ['orch logs --json db.1 | jq .line', 'for programs'],
    ['orch logs --json-lines compact api', 'JSON logs for people'],
    ['orch logs -f --except "debug-*"', 'everything but what matches'],
    ['orch logs rotate', 'close all live files now'],
  ],
  run: runLogs,
};

/** With `-f` and neither `--tail` nor `--since`. */
const FOLLOW_TAIL = 100;

export async function runLogs(context: CliContext, options: LogsOptions, words: string[]): Promise<ExitCode> {
  if (words[0] === 'rotate') return rotate(context, words.slice(1));
  if (options.jsonLines !== undefined && (options.raw || context.json)) {
    const message = `--json-lines and ${options.raw ? '--raw' : '--json'} exclude each other`;
    return fail(context, { code: 'usage', message });
  }
  const selection = await parseSelection(options, Date.now());
  if (typeof selection === 'string') return fail(context, { code: 'usage', message: selection });
  const project = await findQueues(context);
  if (typeof project === 'number') return project;
  const queues = project.queues.filter((queue) => options.queue === undefined || queue.name === options.queue);
  if (queues.length === 0) return fail(context, noSuchQueue(options.queue, project.queues));
  let names: string[];
  try {
    names = await selectOf(project.services, words, options, 'look');
  } catch (error) {
    return failRequest(context, error);
  }
  const known = new Set(project.services.flatMap(({ name, instances }) => [name, ...instances]));
  for (const name of names) if (!known.has(name)) warnUnknown(context, name);
  const instances = names.length > 0 ? new Set(names) : null;
  const decoding: FollowOptions['decoding'] = options.raw ? 'latin1' : 'utf8';
  const past = await queuesWith(instances, queues, project.paths);
  const reading = { queues, past, instances, ...selection, decoding, socket: project.paths?.logSocket ?? null };
  return options.follow ? follow(context, options, reading) : printLogs(context, options, reading);
}

/** Those that may have lines of the instances. */
async function queuesWith(instances: ReadonlySet<string> | null, queues: LogQueueFile[], paths: ProjectPaths | null) {
  if (instances === null || paths === null) return queues;
  const { queuesOf } = await import('../../logs/queue-services.ts');
  return queuesOf(queues, instances, paths);
}

type LogLimits = { tail: number | null; sinceMs: number | null; untilMs: number | null; grep: RegExp | null };
type LogQuery = LogLimits & {
  queues: LogQueueFile[];
  /** Those that may have lines of these instances; a service may come to another one while it is followed. */
  past: LogQueueFile[];
  instances: ReadonlySet<string> | null;
  decoding: 'utf8' | 'latin1';
  /** The log writer's; null: the project has no directory. */
  socket: string | null;
};

/** @returns a sentence if an option is not valid */
async function parseSelection(options: LogsOptions, nowMs: number): Promise<LogLimits | string> {
  const { parseTimePoint, TIME_FORMS } = await import('../../logs/reader/time-point.ts');
  const badTime = (option: string, text: string) =>
    `${option}: "${text}" is not a valid time; expected one ${TIME_FORMS}`;
  const sinceMs = options.since === undefined ? null : parseTimePoint(options.since, nowMs);
  const untilMs = options.until === undefined ? null : parseTimePoint(options.until, nowMs);
  if (options.since !== undefined && sinceMs === null) return badTime('--since', options.since);
  if (options.until !== undefined && untilMs === null) return badTime('--until', options.until);
  if (options.follow && untilMs !== null) return '--until and --follow exclude each other';
  const tail = options.tail ?? (options.follow && sinceMs === null ? FOLLOW_TAIL : null);
  try {
    const grep = options.grep === undefined ? null : new RegExp(options.grep, 'u');
    return { tail, sinceMs, untilMs, grep };
  } catch (error) {
    return `--grep: ${(error as Error).message}`;
  }
}

/** One write a batch; waits when the reader of our output is slow, so that memory stays bounded. */
async function printLogs(context: CliContext, options: LogsOptions, reading: LogQuery): Promise<ExitCode> {
  const { readLogs } = await import('../../logs/reader/read-logs.ts');
  const write = await pacedWriter(context, options);
  for await (const lines of readLogs({ ...reading, queues: reading.past })) await write(lines);
  const unfinished = options.raw || reading.untilMs !== null ? null : await unfinishedOf(reading);
  if (unfinished === null) return 0;
  const { readUnfinished } = await import('../../logs/reader/unfinished-lines.ts');
  const mark = context.json ? '' : ' … (unfinished)';
  const lines = await readUnfinished(unfinished);
  if (lines.length > 0) await write(lines.map((line) => ({ ...line, line: line.line + mark })));
  return 0;
}

/** Which lines without a newline are wanted. @returns null: no log writer can have any */
async function unfinishedOf({ queues, socket, ...query }: LogQuery): Promise<UnfinishedSelection | null> {
  if (socket === null) return null;
  const { lineFilter } = await import('../../logs/reader/read-logs.ts');
  return { socket, queues: new Set(queues.map(({ name }) => name)), passes: lineFilter({ ...query, sinceMs: null }) };
}

/** Until the process is interrupted. */
async function follow(context: CliContext, options: LogsOptions, reading: LogQuery): Promise<ExitCode> {
  const { followLogs } = await import('../../logs/reader/follow-logs.ts');
  const { tail, ...query } = reading;
  const selection = options.raw || context.json ? null : await unfinishedOf(reading);
  const reader = await import('../../logs/reader/unfinished-lines.ts');
  const { lineFormatter } = await import('../format/log-output.ts');
  const { LineOutput } = await import('../format/line-output.ts');
  const output = new LineOutput(context, lineFormatter(context, options));
  let unfinished: UnfinishedFollower | null = null;
  const onLines = (lines: LogLine[]) => {
    unfinished?.finishedBy(lines);
    return output.lines(lines, unfinished?.current);
  };
  const onCaughtUp = () => {
    if (selection !== null)
      unfinished = new reader.UnfinishedFollower(selection, () => output.unfinished(unfinished?.current ?? []));
  };
  const write = selection === null ? await pacedWriter(context, options) : onLines;
  return new Promise((resolve) => {
    const follower = followLogs({ ...query, tail: tail ?? 0, onLines: write, onCaughtUp });
    context.stdout.once('close', () => {
      follower.close();
      unfinished?.close();
      resolve(0);
    });
  });
}

async function pacedWriter(context: CliContext, options: LogsOptions): Promise<FollowOptions['onLines']> {
  const { raw = false } = options;
  const { lineFormatter, pacedWrite } = await import('../format/log-output.ts');
  const format = lineFormatter(context, options);
  return (lines) => {
    const text = lines.map(format).join('');
    return pacedWrite(context.stdout, raw ? Buffer.from(text, 'latin1') : text);
  };
}

type ProjectQueues = { queues: LogQueueFile[]; services: Selectable[]; paths: ProjectPaths | null };

/** From the running supervisor, else from the configuration. Prints why if both fail. */
async function findQueues(context: CliContext): Promise<ProjectQueues | ExitCode> {
  try {
    const { paths, client } = await openProject(context);
    if (!client) return queuesOfConfig(context);
    const status = await client.request('status', {}).finally(() => client.close());
    const queues = status.logQueues.map(({ name, path }) => ({
      name,
      path: resolve(paths.root, path),
      format: 'text' as const,
    }));
    return queues.length > 0 ? { queues, services: selectablesOf(status), paths } : queuesOfConfig(context);
  } catch (error) {
    return failRequest(context, error);
  }
}

async function queuesOfConfig(context: CliContext): Promise<ProjectQueues | ExitCode> {
  const { loadOrPrint } = await import('../context/configuration.ts');
  const accepted = await loadOrPrint(context);
  if (accepted === null) return 2;
  const { logQueues } = accepted.config;
  return { queues: logQueues, services: declaredSelectables(accepted.config), paths: findPaths(context) };
}

function rotate(context: CliContext, queues: string[]): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const { rotated } = await client.request('rotateLogs', { queues });
    if (context.json) context.stdout.write(`${JSON.stringify({ rotated })}\n`);
    else for (const path of rotated) context.stdout.write(`${escapeControls(path)}\n`);
    return 0;
  });
}

function noSuchQueue(name: string | undefined, queues: LogQueueFile[]) {
  const known = queues.map((queue) => queue.name).join(', ');
  if (name === undefined) return { code: 'not-found', message: 'the project has no log queues' };
  return { code: 'not-found', message: `no log queue "${name}"`, hint: `the log queues are: ${known}` };
}

/** Not an error: lines of a removed service, or of a pool that was scaled down, may still exist. */
function warnUnknown(context: CliContext, name: string): void {
  context.stderr.write(`warning: no service or instance "${escapeControls(name)}" is declared now\n`);
}
