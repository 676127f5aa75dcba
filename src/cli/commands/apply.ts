// `orch apply`: lets the edit pass that the policy holds, after its plan was seen.
import { heldText } from '../../api/held-edit.ts';
import type { HeldEdit } from '../../api/protocol-edits.ts';
import type { Plan } from '../../api/protocol-plan.ts';
import { painter } from '../../terminal/colour.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { type CommandDefinition, waitOptions } from '../context/definition.ts';
import { fail } from '../context/errors.ts';
import { withSupervisor } from '../context/running-project.ts';
import { type ConvergenceOptions, waitConverged } from '../context/wait-converged.ts';

type ApplyOptions = ConvergenceOptions & { yes?: boolean };

export const applyCommand: CommandDefinition<ApplyOptions> = {
  name: 'apply',
  group: 'Change',
  summary: 'apply the edit that `policy` holds',
  details: [
    'Shows the plan of the edit on disk and why it is held, and asks. Without a terminal, `--yes` is needed. Applies nothing',
    'if the files change meanwhile. Exit code 4: not applied.',
  ].join(' '),
  arguments: [],
  options: [{ flags: '-y, --yes', description: 'without a question' }, ...waitOptions],
  examples: [
    ['orch apply', 'look at the plan, then decide'],
    ['orch apply --yes --wait', 'in a script'],
  ],
  run: runApply,
};

function runApply(context: CliContext, options: ApplyOptions): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const { held, plan, problems, generation } = await client.request('heldEdit', {});
    if (problems.length > 0) {
      const { printProblems } = await import('../context/configuration.ts');
      printProblems(context, problems);
      return 2;
    }
    if (!held || !plan) {
      const text = `nothing is held; generation ${generation} is what the files say`;
      context.stdout.write(`${context.json ? JSON.stringify({ applied: false, generation, held: null }) : text}\n`);
      return 0;
    }
    const { stderr } = context;
    if (!context.json) stderr.write(`${await describe(context, held, plan)}\n\n`);
    if (!options.yes) {
      const { isConfirmed, mayAsk } = await import('../context/confirm.ts');
      if (!mayAsk(context)) return fail(context, notApplied(held, '`orch apply --yes` applies it'));
      if (!(await isConfirmed('Apply it? [y/N] ', stderr))) return fail(context, notApplied(held, null));
    }
    const outcome = await client.request('applyHeld', { since: held.since });
    const waited = await waitConverged(client, options);
    const json = { applied: true, generation: outcome.generation, plan, ...waited.json };
    const text = `applied: generation ${outcome.generation}${waited.text}`;
    context.stdout.write(`${context.json ? JSON.stringify(json) : text}\n`);
    return 0;
  });
}

async function describe({ colour, stderr }: CliContext, held: HeldEdit, plan: Plan): Promise<string> {
  const { formatPlan } = await import('../format/plan-text.ts');
  const paint = painter(colour && stderr.isTTY === true);
  const reasons = held.reasons.map(({ because }) => `held: ${because}`);
  return [formatPlan(plan, paint), '', ...reasons].join('\n');
}

const notApplied = (held: HeldEdit, hint: string | null) => ({
  code: 'held',
  message: `not applied: ${heldText(held)}`,
  ...(hint !== null && { hint }),
});
