// Prints output and events as `api.1 | text`. In a terminal a line may change colours and nothing else of the screen;
// elsewhere it goes out as the program wrote it.
import type { EventRecord } from '../../api/protocol.ts';
import type { LogLine } from '../../logs/reader/log-line.ts';
import { painter, printable } from '../../terminal/colour.ts';
import { sanitizeLine } from '../../terminal/sanitize-line.ts';
import type { CliContext } from '../context/context.ts';
import { lineFormatter, pacedWrite } from '../format/log-output.ts';
import { instanceColour } from '../format/state-colour.ts';

export type LinePrinter = {
  /** Makes room for these instances, so that the separator does not move when they begin to speak. */
  expect(instances: string[]): void;
  /** At once; what is returned resolves when there is room for more. */
  lines(lines: LogLine[]): Promise<void> | undefined;
  event(event: EventRecord): void;
};

/** Whose events are printed in front of the separator, padded as an instance. */
const ORCH_PREFIX = 'orch';
/** Where nobody reads on, events come all the same: above this much unread text they are counted, not kept. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;

/** With --json: lines as `orch logs --json` prints them, events as `{"event": …}`. */
export function createLinePrinter(context: CliContext): LinePrinter {
  return pacedPrinter(context, context.json ? jsonFormat(context) : prefixFormat(context));
}

/** What is to be printed; ends with a newline, or is empty. `missed`: how many events are not shown in this place. */
type PrinterFormat = {
  expect(instances: string[]): void;
  line(line: LogLine): string;
  event(event: EventRecord): string;
  missed(count: number): string;
};

function pacedPrinter({ stdout }: CliContext, format: PrinterFormat): LinePrinter {
  let missed = 0;
  const missedMark = () => {
    const mark = missed > 0 ? format.missed(missed) : '';
    missed = 0;
    return mark;
  };
  return {
    expect: format.expect,
    lines: (lines) => pacedWrite(stdout, missedMark() + lines.map(format.line).join('')),
    event: (event) => {
      const text = format.event(event);
      if (text === '') return;
      if ((stdout.writableLength ?? 0) > MAX_UNREAD_BYTES) missed += 1;
      else stdout.write(missedMark() + text);
    },
  };
}

function jsonFormat(context: CliContext): PrinterFormat {
  return {
    expect: () => undefined,
    line: lineFormatter(context, false),
    event: (event) => `${JSON.stringify({ event })}\n`,
    missed: (count) => `${JSON.stringify({ missedEvents: count })}\n`,
  };
}

function prefixFormat({ stdout, colour }: CliContext): PrinterFormat {
  const paint = painter(colour);
  const isTerminal = stdout.isTTY === true;
  let width = ORCH_PREFIX.length;
  const prefixed = (from: string, text: string, asColour: Parameters<typeof paint>[0]) => {
    width = Math.max(width, from.length);
    return `${paint(asColour, `${from.padEnd(width)} |`)} ${text}\n`;
  };
  return {
    expect: (instances) => {
      width = Math.max(width, ...instances.map((id) => id.length));
    },
    line: ({ instance, line }) =>
      prefixed(instance, isTerminal || colour ? sanitizeLine(line, colour) : line, instanceColour(instance)),
    event: (event) => (isShown(event) ? prefixed(ORCH_PREFIX, printable(event.message), 'bold') : ''),
    missed: (count) => prefixed(ORCH_PREFIX, `… ${count.toLocaleString('en-US')} events not shown`, 'bold'),
  };
}

/** How an instance ended is told by what follows from it; who stops in a `down` when he has stopped. */
function isShown({ type, details }: EventRecord): boolean {
  return type !== 'exited' && !(type === 'stopping' && details.cause === 'unwanted');
}
