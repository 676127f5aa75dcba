// Prints output and events as `api.1 | text`. In a terminal a line may change colours and nothing else of the screen;
// elsewhere it goes out as the program wrote it.
import type { EventRecord } from '../../api/protocol.ts';
import { styledText, withoutSgr } from '../../tui/sanitize.ts';
import type { CliContext } from '../command.ts';
import { instanceColour, painter, printable } from '../format/colour.ts';

export type OutputLine = { timeMs: number; service: string; instance: string; stream: 'o' | 'e'; line: string };

export type LinePrinter = {
  line(line: OutputLine): void;
  event(event: EventRecord): void;
};

/** Whose events are printed in front of the separator, padded as an instance. */
const ORCH = 'orch';

/** With --json: one object a line, `{"line": …}` or `{"event": …}`. */
export function createLinePrinter(context: Pick<CliContext, 'stdout' | 'colour' | 'json'>): LinePrinter {
  const { stdout, colour, json } = context;
  if (json) {
    return {
      line: (line) => void stdout.write(`${JSON.stringify({ line })}\n`),
      event: (event) => void stdout.write(`${JSON.stringify({ event })}\n`),
    };
  }
  const paint = painter(colour);
  let width = ORCH.length;
  const print = (from: string, text: string, asColour: Parameters<typeof paint>[0]) => {
    width = Math.max(width, from.length);
    stdout.write(`${paint(asColour, `${from.padEnd(width)} |`)} ${text}\n`);
  };
  return {
    line: ({ instance, line }) => print(instance, shown(line, stdout.isTTY === true, colour), instanceColour(instance)),
    event: (event) => print(ORCH, printable(event.message), 'bold'),
  };
}

/** A colour that a line opens ends with it. */
function shown(line: string, isTerminal: boolean, colour: boolean): string {
  if (!isTerminal) return line;
  const styled = styledText(line);
  if (!colour) return withoutSgr(styled);
  return styled.includes('\x1b') ? `${styled}\x1b[0m` : styled;
}
