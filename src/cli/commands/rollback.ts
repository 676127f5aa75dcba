// `orch rollback [GENERATION]`: puts an earlier configuration in force, whatever the files say.
import type { CliContext, ExitCode } from '../context/context.ts';
import { type CommandDefinition, waitOptions } from '../context/definition.ts';
import { fail } from '../context/errors.ts';
import { withSupervisor } from '../context/running-project.ts';
import { type ConvergenceOptions, waitConverged } from '../context/wait-converged.ts';

export const rollbackCommand: CommandDefinition<ConvergenceOptions> = {
  name: 'rollback',
  group: 'Change',
  summary: 'put the configuration of an earlier generation in force again',
  details: [
    'Default: the generation before. It replaces what changed by roll-outs, as an edit does. The files stay as they are: they',
    'are held until they change or agree, and `orch apply` applies them. What was never committed is known until `orch down`.',
  ].join(' '),
  arguments: [{ syntax: '[generation]', description: 'a number of `orch history`' }],
  options: [...waitOptions],
  examples: [
    ['orch rollback --wait', 'the last edit was wrong'],
    ['orch rollback 12', 'to that generation'],
  ],
  run: runRollback,
};

function runRollback(context: CliContext, options: ConvergenceOptions, [word]: string[]): Promise<ExitCode> {
  if (word !== undefined && !/^[1-9]\d{0,8}$/.test(word)) {
    const message = `expected the number of a generation, got "${word}"`;
    return Promise.resolve(fail(context, { code: 'usage', message, hint: '`orch history` lists them' }));
  }
  return withSupervisor(context, async (client) => {
    const { generation, to, changed, held } = await client.request('rollback', { to: word ? Number(word) : null });
    const waited = await waitConverged(client, options);
    const json = { generation, to, changed, ...(held && { held }), ...waited.json };
    const until = held ? `\nthe files are held until they change; \`${held.command}\` applies them` : '';
    const text = changed
      ? `rolled back to generation ${to}, as generation ${generation}${waited.text}${until}`
      : `generation ${to} is what is in force`;
    context.stdout.write(`${context.json ? JSON.stringify(json) : text}\n`);
    return 0;
  });
}
