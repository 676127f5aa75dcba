// Prints output and events as `api.1 | text`. In a terminal a line may change colours and nothing else of the screen;
// elsewhere it is printed as the program wrote it.
import type { EventRecord } from '../../api/protocol.ts';
import type { LogLine } from '../../logs/reader/log-line.ts';
import type { UnfinishedLogLine } from '../../logs/reader/unfinished-lines.ts';
import { type Colour, type Paint, painter } from '../../terminal/colour.ts';
import { escapeControls, sanitizeLine } from '../../terminal/sanitize.ts';
import type { CliContext } from '../context/context.ts';
import { LineOutput } from '../format/line-output.ts';
import { lineFormatter, nameOf } from '../format/log-output.ts';
import { instanceColour } from '../format/state-colour.ts';

/** Printed in front of the separator for events, padded as an instance. */
const ORCH_PREFIX = 'orch';
/** Above this much unread text, events are counted and not kept. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;

/** With --json: lines as `orch logs --json` prints them, events as `{"event": …}`. */
export class LinePrinter {
  readonly #stdout: CliContext['stdout'];
  readonly #format: PrinterFormat;
  readonly #output: LineOutput;
  #missedEvents = 0;

  /** @param isSpoken read aloud: `api.1: text`, without padding and bars */
  constructor(context: CliContext, isSpoken = false) {
    this.#stdout = context.stdout;
    this.#format = context.json ? jsonFormat(context) : new PrefixFormat(context, isSpoken);
    this.#output = new LineOutput(context, (line) => this.#format.line(line));
  }

  /** Makes room for these instances, so that the separator does not move when they print their first line. */
  expect(instances: string[]): void {
    this.#format.expect(instances);
  }

  /** Writes at once; the returned promise resolves when there is room for more. */
  lines(lines: LogLine[], unfinished: UnfinishedLogLine[] = []): Promise<void> | undefined {
    this.#printMissed();
    return this.#output.lines(lines, unfinished);
  }

  /** Lines that have no newline yet. */
  unfinished(lines: UnfinishedLogLine[]): void {
    this.#output.unfinished(lines);
  }

  /** A sentence of orch itself. */
  say(text: string): void {
    this.#output.text(this.#format.say(text));
  }

  event(event: EventRecord): void {
    const text = this.#format.event(event);
    if (text === '') return;
    if ((this.#stdout.writableLength ?? 0) > MAX_UNREAD_BYTES) this.#missedEvents += 1;
    else {
      this.#printMissed();
      this.#output.text(text);
    }
  }

  #printMissed(): void {
    if (this.#missedEvents > 0) this.#output.text(this.#format.missed(this.#missedEvents));
    this.#missedEvents = 0;
  }
}

/** A text ends with a newline or is empty. `missed`: how many events are not shown in this place. */
type PrinterFormat = {
  say(text: string): string;
  expect(instances: string[]): void;
  line(line: LogLine): string;
  event(event: EventRecord): string;
  missed(count: number): string;
};

function jsonFormat(context: CliContext): PrinterFormat {
  return {
    say: (message) => `${JSON.stringify({ message })}\n`,
    expect: () => undefined,
    line: lineFormatter(context),
    event: (event) => `${JSON.stringify({ event })}\n`,
    missed: (count) => `${JSON.stringify({ missedEvents: count })}\n`,
  };
}

class PrefixFormat implements PrinterFormat {
  readonly #paint: Paint;
  readonly #colour: boolean;
  readonly #mustSanitize: boolean;
  readonly #isSpoken: boolean;
  #width = ORCH_PREFIX.length;

  constructor({ stdout, colour }: CliContext, isSpoken: boolean) {
    this.#isSpoken = isSpoken;
    this.#paint = painter(colour);
    this.#colour = colour;
    this.#mustSanitize = stdout.isTTY === true || colour;
  }

  expect(instances: string[]): void {
    this.#width = Math.max(this.#width, ...instances.map((id) => id.length));
  }

  line(line: LogLine): string {
    const text = this.#mustSanitize ? sanitizeLine(line.line, this.#colour) : line.line;
    return this.#prefixed(nameOf(line), text, instanceColour(line.instance));
  }

  say(text: string): string {
    return this.#prefixed(ORCH_PREFIX, escapeControls(text), 'bold');
  }

  event(event: EventRecord): string {
    return isShown(event) ? this.#prefixed(ORCH_PREFIX, escapeControls(event.message), 'bold') : '';
  }

  missed(count: number): string {
    return this.#prefixed(ORCH_PREFIX, `… ${count.toLocaleString('en-US')} events not shown`, 'bold');
  }

  #prefixed(from: string, text: string, colour: Colour): string {
    if (this.#isSpoken) return `${from}: ${text}\n`;
    this.#width = Math.max(this.#width, from.length);
    return `${this.#paint(colour, `${from.padEnd(this.#width)} |`)} ${text}\n`;
  }
}

/** The event after `exited` says how the instance ended; in a `down`, `stopped` follows `stopping`. */
function isShown({ type, details }: EventRecord): boolean {
  return type !== 'exited' && !(type === 'stopping' && details.cause === 'unwanted');
}
