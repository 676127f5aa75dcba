// `orch events [-f]`: what happened, one line each; with --json one object a line.
import type { EventRecord } from '../../api/protocol.ts';
import { type Colour, type Paint, painter } from '../../terminal/colour.ts';
import { escapeControls } from '../../terminal/sanitize.ts';
import { formatClock } from '../../units.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';
import { withSupervisor } from '../context/running-project.ts';

type EventsOptions = { follow?: boolean; limit?: number; criticalPath?: boolean };

export const eventsCommand: CommandDefinition<EventsOptions> = {
  name: 'events',
  group: 'Look',
  summary: 'show what happened',
  details: 'With --json: one object a line.',
  arguments: [],
  options: [
    { flags: '-f, --follow', description: 'keep printing new events until interrupted' },
    { flags: '-n, --limit <count>', description: 'show at most COUNT past events', value: { kind: 'count' } },
    { flags: '--critical-path', description: 'show the dependency chain that determined start-up time' },
  ],
  ownsShortF: true,
  examples: [
    ['orch events -n 20', 'the last twenty'],
    ['orch events -f --json', 'for programs'],
  ],
  run: runEvents,
};

function runEvents(context: CliContext, options: EventsOptions): Promise<ExitCode> {
  if (options.criticalPath) return printCriticalPath(context);
  return withSupervisor(context, async (client) => {
    const paint = painter(context.colour);
    const { done } = client.stream(
      'events',
      { follow: options.follow ?? false, ...(options.limit === undefined ? {} : { limit: options.limit }) },
      (event) => context.stdout.write(`${context.json ? JSON.stringify(event) : formatEvent(event, paint)}\n`),
    );
    await done;
    return 0;
  });
}

function printCriticalPath(context: CliContext): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const events: EventRecord[] = [];
    await client.stream('events', { follow: false }, (event) => events.push(event)).done;
    const path = criticalPath(events);
    if (context.json) context.stdout.write(`${JSON.stringify(path)}\n`);
    else context.stdout.write(`${path ? formatCriticalPath(path) : 'nothing was started'}\n`);
    return 0;
  });
}

/** `2026-11-23 12:00:01.250  exited        api.1 ended with code 1`, in local time. */
export function formatEvent(event: EventRecord, paint: Paint): string {
  return [
    paint('dim', formatClock(Date.parse(event.time), { date: true, ms: true })),
    paint(eventColour(event.type), event.type.padEnd(14)),
    escapeControls(event.message),
  ].join('  ');
}

function eventColour(type: string): Colour | null {
  if (/fail|reject|refus|error|gave/i.test(type)) return 'red';
  return /exit|stop|kill|backoff|lost/i.test(type) ? 'yellow' : null;
}

// The critical path of a start: from the instance that was ready last back over the instances that each one waited for.
// Pure.

export type CriticalStep = {
  instance: string;
  /** The instance whose readiness, start or completion it waited for last; null: none. */
  waitedFor: string | null;
  /** Since the whole start began. */
  beganMs: number;
  /** From the moment at which it could start until its process ran. */
  spawnMs: number;
  /** From then until it was ready or had completed; 0 if it has neither readiness nor an end. */
  workMs: number;
  end: 'started' | 'ready' | 'completed';
};
export type CriticalPath = { totalMs: number; steps: CriticalStep[] };

type FirstRun = {
  instance: string;
  startedMs: number;
  spawnMs: number;
  waitedFor: string | null;
  endMs: number;
  end: CriticalStep['end'];
};

const ENDS: Record<string, CriticalStep['end']> = { became_ready: 'ready', completed: 'completed' };

/** @returns null if nothing was started. Only first starts count: a restart is not part of the start. */
export function criticalPath(events: readonly EventRecord[]): CriticalPath | null {
  const runs = firstRuns(events);
  const last = [...runs.values()].reduce<FirstRun | null>((a, b) => (a && a.endMs >= b.endMs ? a : b), null);
  if (!last) return null;
  const chain: FirstRun[] = [];
  for (let run: FirstRun | undefined = last; run && !chain.includes(run); run = runs.get(run.waitedFor ?? ''))
    chain.unshift(run);
  const beginMs = startOfRun(events, chain[0]!);
  return { totalMs: last.endMs - beginMs, steps: chain.map((run) => stepOf(run, beginMs)) };
}

function firstRuns(events: readonly EventRecord[]): Map<string, FirstRun> {
  const runs = new Map<string, FirstRun>();
  for (const { type, instance, time, details } of events) {
    const atMs = Date.parse(time);
    const run = instance === null ? undefined : runs.get(instance);
    if (instance !== null && type === 'started' && !run && details.restarts === 0) {
      const waitedFor = typeof details.waitedFor === 'string' ? details.waitedFor : null;
      const spawnMs = Number(details.tookMs ?? 0);
      runs.set(instance, { instance, startedMs: atMs, spawnMs, waitedFor, endMs: atMs, end: 'started' });
    } else if (run?.end === 'started' && ENDS[type]) {
      run.endMs = atMs;
      run.end = ENDS[type];
    }
  }
  return runs;
}

/** When the configuration that started the first of the chain was applied. */
function startOfRun(events: readonly EventRecord[], { startedMs, spawnMs }: FirstRun): number {
  const applied = events.filter(({ type, time }) => type === 'config_applied' && Date.parse(time) <= startedMs).at(-1);
  return applied ? Date.parse(applied.time) : startedMs - spawnMs;
}

function stepOf({ instance, waitedFor, startedMs, spawnMs, endMs, end }: FirstRun, beginMs: number): CriticalStep {
  return { instance, waitedFor, beganMs: startedMs - spawnMs - beginMs, spawnMs, workMs: endMs - startedMs, end };
}

/** One line per step, and the total. */
export function formatCriticalPath({ totalMs, steps }: CriticalPath): string {
  const width = Math.max(...steps.map(({ instance }) => instance.length));
  const lines = steps.map(({ instance, beganMs, spawnMs, workMs, end }) => {
    const work = end === 'started' ? '' : `, ${end} after ${workMs} ms`;
    return `${`+${beganMs} ms`.padStart(10)}  ${instance.padEnd(width)}  started in ${spawnMs} ms${work}`;
  });
  return [...lines, `${`${totalMs} ms`.padStart(10)}  in all`].join('\n');
}
