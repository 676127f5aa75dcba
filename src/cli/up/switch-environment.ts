// The name of the environment changes only with consent: `--switch`, or a yes in a terminal. Shows the plan of the change first.
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { Client } from '../../api/client.ts';
import type { WireError } from '../../api/protocol.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import { painter } from '../../terminal/colour.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { fail } from '../context/errors.ts';
import { formatPlan } from '../format/plan-text.ts';
import type { Interrupts } from './interrupts.ts';

export type EnvironmentSwitch = {
  accepted: AcceptedConfig;
  /** null: the supervisor was killed, and only the next one can find out what the change would do. */
  client: Client | null;
  /** What the supervisor answered. */
  error: WireError;
  interrupts: Interrupts | undefined;
};

/** @returns null: the user agrees. Else an exit code, after printing the error and the plan. */
export async function confirmSwitch(context: CliContext, asked: EnvironmentSwitch): Promise<ExitCode | null> {
  const { client, accepted, interrupts } = asked;
  // Not `environment-differs`, which says what the client must do: for programs it is a conflict with what runs.
  const error = { ...asked.error, code: 'conflict' };
  const plan = client && (await client.request('plan', { accepted }));
  const { stderr } = context;
  const text = plan ? formatPlan(plan, painter(context.colour && stderr.isTTY === true)) : asked.error.message;
  if (!mayAsk(context)) {
    const code = fail(context, error);
    if (plan) stderr.write(`\n${text}\n`);
    return code;
  }
  stderr.write(`${text}\n\n`);
  if (await isConfirmed('Change the environment? [y/N] ', stderr, interrupts)) return null;
  return interrupts && interrupts.count > 0 ? 1 : fail(context, error);
}

const mayAsk = ({ json, stderr }: CliContext): boolean =>
  !json && stderr.isTTY === true && process.stdin.isTTY === true;

/** The end of the input, or an interrupt, is a no. */
async function isConfirmed(question: string, output: NodeJS.WritableStream, interrupts?: Interrupts): Promise<boolean> {
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
