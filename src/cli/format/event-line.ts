// One event as `orch events` prints it for people.
import type { EventRecord } from '../../api/protocol.ts';
import { type Colour, painter } from '../../terminal/colour.ts';
import { escapeControls } from '../../terminal/sanitize.ts';
import { formatClock, formatMoment } from '../../units.ts';
import type { CliContext } from '../context/context.ts';

/** `2026-11-23 12:00:01.250  exited        api.1 ended with code 1`; in a terminal, today's date is left out, as in `orch logs`. */
export function eventFormatter(context: CliContext, { utc = false }): (event: EventRecord) => string {
  const paint = painter(context.colour);
  const isTerminal = context.stdout.isTTY === true;
  return ({ time, type, message }) => {
    const timeMs = Date.parse(time);
    const clock = isTerminal
      ? formatMoment(timeMs, Date.now(), { utc })
      : formatClock(timeMs, { date: true, ms: true, utc });
    return [paint('dim', clock), paint(eventColour(type), type.padEnd(14)), escapeControls(message)].join('  ');
  };
}

function eventColour(type: string): Colour | null {
  if (/fail|reject|refus|error|gave/i.test(type)) return 'red';
  return /exit|stop|kill|backoff|lost/i.test(type) ? 'yellow' : null;
}
