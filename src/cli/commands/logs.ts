// `orch logs`: reads queues back, follows them, rotates them. Reads files only; a supervisor is asked for no more than where
// they are, and runs undisturbed however slowly this reads.
import { resolve } from 'node:path';
import { ClientError, connect } from '../../api/client.ts';
import { type FollowOptions, followLogs } from '../../logs/reader/follow-logs.ts';
import { readLogs } from '../../logs/reader/read-logs.ts';
import type { LogQueueFile } from '../../logs/reader/segment.ts';
import { parseTimePoint, TIME_FORMS } from '../../logs/reading/time-point.ts';
import { printable } from '../../terminal/colour.ts';
import { loadOrPrint } from '../context/configuration.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { fail } from '../context/errors.ts';
import { failRequest, findPaths, withSupervisor } from '../context/running-project.ts';
import { lineFormatter, pacedWrite } from '../format/log-output.ts';

export type LogsOptions = {
  follow?: boolean;
  tail?: number;
  since?: string;
  until?: string;
  grep?: string;
  /** The lines alone, byte by byte. */
  raw?: boolean;
  queue?: string;
};

/** With `-f` and neither `--tail` nor `--since`. */
const FOLLOW_TAIL = 100;

export async function runLogs(context: CliContext, options: LogsOptions, names: string[]): Promise<ExitCode> {
  if (names[0] === 'rotate') return rotate(context, names.slice(1));
  const selection = parseSelection(options, Date.now());
  if (typeof selection === 'string') return fail(context, { code: 'usage', message: selection });
  const project = await findQueues(context);
  if (typeof project === 'number') return project;
  const queues = project.queues.filter((queue) => options.queue === undefined || queue.name === options.queue);
  if (queues.length === 0) return fail(context, noSuchQueue(options.queue, project.queues));
  for (const name of names) if (!project.names.has(name)) warnUnknown(context, name);
  const instances = names.length > 0 ? new Set(names) : null;
  const decoding: FollowOptions['decoding'] = options.raw ? 'latin1' : 'utf8';
  const reading = { queues, instances, ...selection, decoding };
  return options.follow ? follow(context, options, reading) : printLogs(context, options, reading);
}

type LogSelection = { tail: number | null; sinceMs: number | null; untilMs: number | null; grep: RegExp | null };
type LogQuery = LogSelection & {
  queues: LogQueueFile[];
  instances: ReadonlySet<string> | null;
  decoding: 'utf8' | 'latin1';
};

/** @returns a sentence where an option cannot be understood */
function parseSelection(options: LogsOptions, nowMs: number): LogSelection | string {
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

const badTime = (option: string, text: string) => `${option}: "${text}" is no time; expected one ${TIME_FORMS}`;

/** One write a batch; waits when the reader of our output is slow, so that memory stays bounded. */
async function printLogs(context: CliContext, options: LogsOptions, reading: LogQuery): Promise<ExitCode> {
  const format = lineFormatter(context, options.raw ?? false);
  for await (const lines of readLogs(reading)) await writePaced(context, lines.map(format).join(''), options.raw);
  return 0;
}

/** Until the process is interrupted. */
function follow(context: CliContext, options: LogsOptions, reading: LogQuery): Promise<ExitCode> {
  const format = lineFormatter(context, options.raw ?? false);
  const { queues, instances, sinceMs, grep, decoding } = reading;
  return new Promise((resolve) => {
    const follower = followLogs({
      queues,
      instances,
      sinceMs,
      grep,
      decoding,
      tail: reading.tail ?? 0,
      onLines: (lines) => writePaced(context, lines.map(format).join(''), options.raw),
    });
    context.stdout.once('close', () => {
      follower.close();
      resolve(0);
    });
  });
}

function writePaced({ stdout }: CliContext, text: string, raw: boolean | undefined): Promise<void> | undefined {
  return pacedWrite(stdout, raw ? Buffer.from(text, 'latin1') : text);
}

type ProjectQueues = { queues: LogQueueFile[]; names: Set<string> };

/** Of the running supervisor, else of the configuration. Prints why it is not known. */
async function findQueues(context: CliContext): Promise<ProjectQueues | ExitCode> {
  try {
    const paths = findPaths(context);
    const client = paths && (await connect(paths));
    if (!paths || !client) return queuesOfConfig(context);
    try {
      const { services, logQueues } = await client.request('status', {});
      const names = new Set(services.flatMap(({ name, instances }) => [name, ...instances.map(({ id }) => id)]));
      const queues = logQueues.map(({ name, path }) => ({
        name,
        path: resolve(paths.root, path),
        format: 'text' as const,
      }));
      return queues.length > 0 ? { queues, names } : queuesOfConfig(context);
    } finally {
      client.close();
    }
  } catch (error) {
    return failRequest(context, error);
  }
}

async function queuesOfConfig(context: CliContext): Promise<ProjectQueues | ExitCode> {
  const accepted = await loadOrPrint(context);
  if (accepted === null) return 2;
  const { services, logQueues } = accepted.config;
  const names = new Set<string>();
  for (const { name, pool } of services) {
    names.add(name);
    for (let index = 1; index <= pool; index += 1) names.add(`${name}.${index}`);
  }
  return { queues: logQueues, names };
}

function rotate(context: CliContext, queues: string[]): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    try {
      const { rotated } = await client.request('rotateLogs', { queues });
      if (context.json) context.stdout.write(`${JSON.stringify({ rotated })}\n`);
      else for (const path of rotated) context.stdout.write(`${printable(path)}\n`);
      return 0;
    } catch (error) {
      if (error instanceof ClientError) return fail(context, error.wire);
      throw error;
    }
  });
}

function noSuchQueue(name: string | undefined, queues: LogQueueFile[]) {
  const known = queues.map((queue) => queue.name).join(', ');
  if (name === undefined) return { code: 'not-found', message: 'the project has no log queues' };
  return { code: 'not-found', message: `no log queue "${name}"`, hint: `there are: ${known}` };
}

/** Its lines may still be there: it was removed from the file, or scaled down. */
function warnUnknown(context: CliContext, name: string): void {
  context.stderr.write(`warning: no service or instance "${printable(name)}" is declared now\n`);
}
