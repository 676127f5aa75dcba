// Asks the user before a change. Without a terminal it cannot ask: the caller then needs an option that says yes.
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { CliContext } from './context.ts';

export const mayAsk = ({ json, stderr }: CliContext): boolean =>
  !json && stderr.isTTY === true && process.stdin.isTTY === true;

/** The end of the input, or an interrupt, is a no. */
export async function isConfirmed(
  question: string,
  output: NodeJS.WritableStream,
  interrupts?: { next(): Promise<unknown> },
): Promise<boolean> {
  // Without `terminal`, Ctrl-C stays a signal.
  const lines = createInterface({ input: process.stdin, output, terminal: false });
  try {
    const ended = [once(lines, 'close'), ...(interrupts ? [interrupts.next()] : [])];
    const answer = await Promise.race([lines.question(question), ...ended.map((end) => end.then(() => ''))]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
