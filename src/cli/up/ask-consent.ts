// What `up` does only with consent: it changes the name of the environment (`--switch`), or applies what the policy holds
// (`--yes`). In a terminal it shows the plan and asks.
import type { Client } from '../../api/client.ts';
import type { WireError } from '../../api/protocol.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import { painter } from '../../terminal/colour.ts';
import { isConfirmed, mayAsk } from '../context/confirm.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { fail } from '../context/errors.ts';
import { formatPlan } from '../format/plan-text.ts';
import type { Interrupts } from './interrupts.ts';

export type ConsentRequest = {
  accepted: AcceptedConfig;
  /** null: the supervisor was killed, and only the next one can find out what the change would do. */
  client: Client | null;
  /** What the supervisor answered. */
  error: WireError;
  interrupts: Interrupts | undefined;
};

/** @returns null: the user agrees. Else an exit code, after printing the error and the plan. */
export async function askConsent(context: CliContext, asked: ConsentRequest): Promise<ExitCode | null> {
  const { client, accepted, interrupts } = asked;
  // Not `environment-differs`, which says what the client must do: for programs it is a conflict with what runs.
  const isSwitch = asked.error.code === 'environment-differs';
  const error = isSwitch ? { ...asked.error, code: 'conflict' } : asked.error;
  const plan = client && (await client.request('plan', { accepted }));
  const { stderr } = context;
  const text = plan ? formatPlan(plan, painter(context.colour && stderr.isTTY === true)) : asked.error.message;
  if (!mayAsk(context)) {
    const code = fail(context, error);
    if (plan) stderr.write(`\n${text}\n`);
    return code;
  }
  stderr.write(`${text}\n\n`);
  const question = isSwitch
    ? 'Change the environment? [y/N] '
    : `The policy holds this: ${error.message}.\nApply it? [y/N] `;
  if (await isConfirmed(question, stderr, interrupts)) return null;
  return interrupts && interrupts.count > 0 ? 1 : fail(context, error);
}
