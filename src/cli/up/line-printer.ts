// Prints output and events as `api.1 | text`. In a terminal a line may change colours and nothing else of the screen;
// elsewhere it goes out as the program wrote it.
import type { EventRecord } from '../../api/protocol.ts';
import type { LogLine } from '../../logs/reading/reader.ts';
import { sanitizeLine } from '../../logs/reading/sanitize.ts';
import type { CliContext } from '../command.ts';
import { instanceColour, painter, printable } from '../format/colour.ts';
import { lineFormatter } from '../format/log-line.ts';

export type LinePrinter = {
  /** Makes room for these instances, so that the separator does not move when they begin to speak. */
  expect(instances: string[]): void;
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
      expect: () => undefined,
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
    expect: (instances) => {
      width = Math.max(width, ...instances.map((id) => id.length));
    },
    line: ({ instance, line }) =>
      print(instance, isTerminal || colour ? sanitizeLine(line, colour) : line, instanceColour(instance)),
    event: (event) => isInteresting(event) && print(ORCH, printable(event.message), 'bold'),
  };
}

/** How an instance ended is told by what follows from it; who stops in a `down` when he has stopped. */
function isInteresting({ type, details }: EventRecord): boolean {
  return type !== 'exited' && !(type === 'stopping' && details.cause === 'unwanted');
}
