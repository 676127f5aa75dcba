// Prints output and events as `api.1 | text`. In a terminal a line may change colours and nothing else of the screen;
// elsewhere it goes out as the program wrote it.
import type { EventRecord } from '../../api/protocol.ts';
import type { LogLine } from '../../logs/reader.ts';
import { sanitizeLine } from '../../logs/sanitize.ts';
import type { CliContext } from '../command.ts';
import { instanceColour, painter, printable } from '../format/colour.ts';
import { lineFormatter } from '../format/log-line.ts';

export type LinePrinter = {
  line(line: LogLine): void;
  event(event: EventRecord): void;
};

/** Whose events are printed in front of the separator, padded as an instance. */
const ORCH = 'orch';

/** With --json: lines as `orch logs --json` prints them, events as `{"event": …}`. */
export function createLinePrinter(context: CliContext): LinePrinter {
  const { stdout, colour, json } = context;
  if (json) {
    const format = lineFormatter(context, false);
    return {
      line: (line) => void stdout.write(format(line)),
      event: (event) => void stdout.write(`${JSON.stringify({ event })}\n`),
    };
  }
  const paint = painter(colour);
  const isTerminal = stdout.isTTY === true;
  let width = ORCH.length;
  const print = (from: string, text: string, asColour: Parameters<typeof paint>[0]) => {
    width = Math.max(width, from.length);
    stdout.write(`${paint(asColour, `${from.padEnd(width)} |`)} ${text}\n`);
  };
  return {
    line: ({ instance, line }) =>
      print(instance, isTerminal || colour ? sanitizeLine(line, colour) : line, instanceColour(instance)),
    event: (event) => print(ORCH, printable(event.message), 'bold'),
  };
}
