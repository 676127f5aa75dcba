// Looks for expected lines (of a `log` probe) in the output of instances while it is read. Costs nothing for instances without
// expectations; patterns run in V8's linear engine, so that no output can stall the writer.
import { linearRegExp } from '../../v8/linear-regexp.ts';
import { NEWLINE } from '../line-format.ts';
import type { LineExpectation } from '../writer-protocol.ts';

export type LineMatch = { instance: string; nonce: string; pattern: string };

/** Only the start of a line is matched. */
const MAX_MATCHED_BYTES = 4096;

type WatchedOutput = {
  nonce: string;
  waiting: { pattern: string; regExp: RegExp }[];
  matched: string[];
  /** The start of an incomplete line, by stream. */
  partial: Map<string, Buffer>;
};

export class LineMatcher {
  readonly #watched = new Map<string, WatchedOutput>();
  readonly #report: (match: LineMatch) => void;

  constructor(report: (match: LineMatch) => void) {
    this.#report = report;
  }

  /** From now on. Patterns that the same incarnation matched already are reported again; another incarnation starts over. */
  expect({ instance, nonce, patterns }: LineExpectation): void {
    const known = this.#watched.get(instance);
    const old = known?.nonce === nonce ? known : null;
    const matched = old?.matched.filter((pattern) => patterns.includes(pattern)) ?? [];
    const waiting = patterns
      .filter((pattern) => !matched.includes(pattern))
      .map((pattern) => ({ pattern, regExp: linearRegExp(pattern) }));
    if (patterns.length === 0) this.#watched.delete(instance);
    else this.#watched.set(instance, { nonce, waiting, matched, partial: old?.partial ?? new Map() });
    for (const pattern of matched) this.#report({ instance, nonce, pattern });
  }

  forget(instance: string): void {
    this.#watched.delete(instance);
  }

  /** @param input read up to `length`, only during the call */
  feed(instance: string, stream: string, input: Buffer, length = input.length): void {
    const expected = this.#watched.get(instance);
    if (!expected || expected.waiting.length === 0) return; // most instances: nothing is allocated for them
    const chunk = input.subarray(0, length);
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      const start = expected.partial.get(stream);
      expected.partial.delete(stream);
      const rest = chunk.subarray(from, Math.min(end, from + MAX_MATCHED_BYTES));
      this.#matchLine(instance, expected, start ? Buffer.concat([start, rest]) : rest);
      from = end + 1;
      if (expected.waiting.length === 0) return;
    }
    this.#keepPartial(expected, stream, chunk.subarray(from));
  }

  #keepPartial({ partial }: WatchedOutput, stream: string, rest: Buffer): void {
    const start = partial.get(stream);
    const room = MAX_MATCHED_BYTES - (start?.length ?? 0);
    if (rest.length === 0 || room <= 0) return;
    const kept = rest.subarray(0, room);
    partial.set(stream, start ? Buffer.concat([start, kept]) : Buffer.from(kept));
  }

  #matchLine(instance: string, expected: WatchedOutput, line: Buffer): void {
    const text = line.toString('utf8', 0, MAX_MATCHED_BYTES).replace(/\r$/, '');
    const found = expected.waiting.filter(({ regExp }) => regExp.test(text));
    if (found.length === 0) return;
    expected.waiting = expected.waiting.filter((one) => !found.includes(one));
    for (const { pattern } of found) {
      expected.matched.push(pattern);
      this.#report({ instance, nonce: expected.nonce, pattern });
    }
  }
}
