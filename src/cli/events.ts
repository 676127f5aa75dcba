// `orch events [-f]`: what happened, one line each; with --json one object a line.
import type { EventRecord } from '../api/protocol.ts';
import type { CliContext, ExitCode } from './command.ts';
import { type Colour, type Paint, painter, printable } from './format/colour.ts';
import { criticalPath, formatCriticalPath } from './format/critical-path.ts';
import { withSupervisor } from './project.ts';

type EventsOptions = { follow?: boolean; limit?: number; criticalPath?: boolean };

export function runEvents(context: CliContext, options: EventsOptions): Promise<ExitCode> {
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

/** `2026-11-23 12:00:01.250  exited        api.1 ended with code 1`, in local time; the message names whom it is about. */
export function formatEvent(event: EventRecord, paint: Paint): string {
  return [
    paint('dim', localTime(event.time)),
    paint(eventColour(event.type), event.type.padEnd(14)),
    printable(event.message),
  ].join('  ');
}

function localTime(iso: string): string {
  const at = new Date(iso);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${day} ${time}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

function eventColour(type: string): Colour | null {
  if (/fail|reject|refus|error|gave/i.test(type)) return 'red';
  return /exit|stop|kill|backoff|lost/i.test(type) ? 'yellow' : null;
}
