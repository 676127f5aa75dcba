// `orch events [-f]`: what happened, one line each; with --json one object a line. Events of earlier supervisors come from the
// file, the newest ones from the supervisor if one runs.
import type { Client } from '../../api/client.ts';
import type { EventRecord, MethodParams } from '../../api/protocol.ts';
import { isSelector } from '../../api/select-names.ts';
import { type CriticalPath, criticalPath } from '../../api/start-times.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';
import { fail } from '../context/errors.ts';
import { failRequest, noSupervisorError, openProject, withSupervisor } from '../context/running-project.ts';
import { eventFormatter } from '../format/event-line.ts';

type EventsOptions = {
  follow?: boolean;
  limit?: number;
  since?: string;
  until?: string;
  service?: string;
  type?: string;
  utc?: boolean;
  criticalPath?: boolean;
};

export const eventsCommand: CommandDefinition<EventsOptions> = {
  name: 'events',
  group: 'Look',
  summary: 'show what happened',
  details: [
    'Includes what earlier supervisors reported, and works when none runs. TIME is how long ago (10m, 1h30m) or a point in',
    'time (14:05, 2026-01-31). With --json: one object a line.',
  ].join(' '),
  arguments: [],
  options: [
    { flags: '-f, --follow', description: 'keep printing new events until interrupted' },
    { flags: '-n, --limit <count>', description: 'show at most COUNT past events', value: { kind: 'count' } },
    { flags: '--since <time>', description: 'show only events from TIME on' },
    { flags: '--until <time>', description: 'show only events before TIME' },
    {
      flags: '--service <name>',
      description:
        "show only events of this service (`api`), instance (`api.2`), tag (`tag:backend`) or pattern (`'api-*'`)",
      completes: 'name',
    },
    { flags: '--type <types>', description: 'show only events of these types (`exited,became_ready`)' },
    { flags: '--utc', description: 'print times in UTC instead of local time' },
    { flags: '--critical-path', description: 'show the dependency chain that determined start-up time' },
  ],
  ownsShortF: true,
  examples: [
    ['orch events -n 20', 'the last twenty'],
    ['orch events --since 1h --service api', 'the last hour of api'],
    ['orch events -f --json', 'for programs'],
  ],
  run: runEvents,
};

async function runEvents(context: CliContext, options: EventsOptions): Promise<ExitCode> {
  if (options.criticalPath) return printCriticalPath(context);
  const filter = await parseFilter(options, Date.now());
  const { readEvents } = await import('../../api/event-files.ts');
  if (typeof filter === 'string') return fail(context, { code: 'usage', message: filter });
  const passes = (event: EventRecord): boolean => filter(event) && isAbout(event, names);
  let names = options.service === undefined ? [] : [options.service];
  const format = context.json ? (event: EventRecord) => JSON.stringify(event) : eventFormatter(context, options);
  const print = (event: EventRecord) => void (passes(event) && context.stdout.write(`${format(event)}\n`));
  const printPast = (events: EventRecord[]) => {
    const passing = events.filter(passes);
    passing.slice(Math.max(0, passing.length - (options.limit ?? passing.length))).forEach(print);
  };
  try {
    const { paths, client } = await openProject(context);
    names = await selectServices(context, client, names);
    if (client === null) {
      const onDisk = paths === null ? [] : readEvents(paths.eventsFile);
      if (onDisk.length === 0) return fail(context, noSupervisorError(context));
      printPast(onDisk);
      if (options.follow) return fail(context, noSupervisorError(context));
      context.stderr.write('note: no supervisor runs; these events are from its file\n');
      return 0;
    }
    const { limit, since, until, service, type } = options;
    const isLimited = limit !== undefined && [since, until, service, type].every((filter) => filter === undefined);
    const kept = await pastEvents(client, { follow: false, ...(isLimited ? { limit } : {}) });
    const isEnough = isLimited && kept.length >= limit;
    printPast(isEnough ? kept : [...eventsBefore(kept[0], readEvents(paths.eventsFile)), ...kept]);
    const fromSeq = (kept.at(-1)?.seq ?? 0) + 1;
    if (options.follow) await client.stream('events', { follow: true, fromSeq }, print).done;
    client.close();
    return 0;
  } catch (error) {
    return failRequest(context, error);
  }
}

/** What a selector means: in the running project, else in its files. */
async function selectServices(context: CliContext, client: Client | null, words: string[]): Promise<string[]> {
  if (!words.some(isSelector)) return words;
  const { declaredSelectables, selectOf, selectRunning } = await import('../context/selection.ts');
  if (client) return selectRunning(client, words, {}, 'look');
  const { loadOrPrint } = await import('../context/configuration.ts');
  const accepted = await loadOrPrint(context);
  return accepted ? selectOf(declaredSelectables(accepted.config), words, {}, 'look') : words;
}

/** @param names of services or instances; none: all events */
function isAbout({ service, instance, details }: EventRecord, names: string[]): boolean {
  return names.length === 0 || [service, instance, details.service].some((one) => names.includes(String(one)));
}

async function pastEvents(client: Client, params: MethodParams<'events'>): Promise<EventRecord[]> {
  const events: EventRecord[] = [];
  await client.stream('events', params, (event) => events.push(event)).done;
  return events;
}

/** What was reported before the oldest event that the supervisor keeps. Supervisors of older versions count from 1 each. */
function eventsBefore(oldest: EventRecord | undefined, onDisk: EventRecord[]): EventRecord[] {
  if (oldest === undefined) return onDisk;
  const at = onDisk.findLastIndex(({ seq, time }) => seq === oldest.seq && time === oldest.time);
  return at >= 0 ? onDisk.slice(0, at) : onDisk.filter(({ time }) => time < oldest.time);
}

/** @returns a sentence if an option is not valid */
async function parseFilter(
  { since, until, type }: EventsOptions,
  nowMs: number,
): Promise<((event: EventRecord) => boolean) | string> {
  const { parseTimePoint, TIME_FORMS } = await import('../../logs/reader/time-point.ts');
  const [sinceMs, untilMs] = [since, until].map((text) => (text === undefined ? null : parseTimePoint(text, nowMs)));
  for (const [option, text, ms] of [
    ['--since', since, sinceMs],
    ['--until', until, untilMs],
  ] as const)
    if (text !== undefined && ms === null)
      return `${option}: "${text}" is not a valid time; expected one ${TIME_FORMS}`;
  const types = type?.split(',');
  return (event) => {
    const timeMs = Date.parse(event.time);
    return (
      timeMs >= (sinceMs ?? Number.NEGATIVE_INFINITY) &&
      timeMs < (untilMs ?? Number.POSITIVE_INFINITY) &&
      (types === undefined || types.includes(event.type))
    );
  };
}

function printCriticalPath(context: CliContext): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const found = criticalPath(await pastEvents(client, { follow: false }));
    const path = found && { totalMs: found.totalMs, steps: found.steps };
    if (context.json) context.stdout.write(`${JSON.stringify(path)}\n`);
    else context.stdout.write(`${path ? formatCriticalPath(path) : 'nothing was started'}\n`);
    return 0;
  });
}

/** One line per step, and the total. */
export function formatCriticalPath({ totalMs, steps }: Pick<CriticalPath, 'totalMs' | 'steps'>): string {
  const width = Math.max(...steps.map(({ instance }) => instance.length));
  const lines = steps.map(({ instance, beganMs, spawnMs, workMs, end }) => {
    const work = end === 'started' ? '' : `, ${end} after ${workMs} ms`;
    return `${`+${beganMs} ms`.padStart(10)}  ${instance.padEnd(width)}  started in ${spawnMs} ms${work}`;
  });
  return [...lines, `${`${totalMs} ms`.padStart(10)}  in all`].join('\n');
}
